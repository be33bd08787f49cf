// Streams one file from the browser to the server's disk and tells the page its id when it has arrived whole.
export default function (component) {
  const { data, setStateValue, parentElement } = component;
  const $ = (selector) => parentElement.querySelector(selector);
  const [input, start, stop, bar, said] = ["input", ".start", ".stop", "progress", ".said"].map($);
  let request = null;

  const size = (bytes) => {
    const units = ["bytes", "kB", "MB", "GB", "TB"];
    let step = 0;
    while (bytes >= 1000 && step < units.length - 1) { bytes /= 1000; step += 1; }
    return `${bytes.toFixed(step && bytes < 100 ? 1 : 0)} ${units[step]}`;
  };
  const time = (seconds) => seconds < 60 ? `${Math.ceil(seconds)} s` : `${Math.ceil(seconds / 60)} min`;
  const idle = (text) => {
    request = null;
    stop.hidden = true;
    start.disabled = input.disabled = false;
    said.textContent = text;
  };

  input.onchange = () => {
    const file = input.files[0];
    start.disabled = !file;
    bar.hidden = true;
    said.textContent = file ? `${file.name}, ${size(file.size)}` : "";
    if (file && file.size > data.most) {
      start.disabled = true;
      said.textContent = `${size(file.size)} is more than the ${size(data.most)} this server takes.`;
    }
  };

  start.onclick = () => {
    const file = input.files[0];
    if (!file || request) return;
    const began = performance.now();
    request = new XMLHttpRequest();
    request.open("PUT", `${data.address}?name=${encodeURIComponent(file.name)}`);
    request.setRequestHeader("X-Upload-Token", data.token);
    request.setRequestHeader("Content-Type", "application/octet-stream");
    request.upload.onprogress = (event) => {
      const share = event.loaded / file.size;
      const left = (performance.now() - began) / 1000 * (1 - share) / Math.max(share, 1e-6);
      bar.value = share;
      said.textContent = share < 1
        ? `${size(event.loaded)} of ${size(file.size)} sent, ${time(left)} left`
        : "Sent; the server is writing it down…";
    };
    request.onload = () => {
      let reply = {};
      try { reply = JSON.parse(request.responseText); } catch { /* not JSON: the status says enough */ }
      if (request.status < 300) {
        idle(`${file.name} has arrived.`);
        setStateValue("upload", reply.upload);
      } else {
        idle(reply.detail || `The server refused the file (status ${request.status}).`);
      }
    };
    request.onerror = () => idle("The connection broke; nothing was kept. Send it again.");
    request.onabort = () => idle("Stopped; nothing was kept.");
    start.disabled = input.disabled = true;
    stop.hidden = bar.hidden = false;
    bar.value = 0;
    said.textContent = "Sending…";
    request.send(file);
  };

  stop.onclick = () => request && request.abort();
  return () => request && request.abort();
}
