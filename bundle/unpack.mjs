// Unpacks a part of the program that was sent as xz, and compiles it while it comes. As a worker it
// is sent the bytes in pieces, then `null`, and answers with the compiled module or with what went
// wrong in words. In a page, where no worker may be made, it is `window.unpack`.
//
// Not here: fetching, and what is done when it fails (static/parts.js).

import { XzReadableStream } from "xz-decompress";

function compile(packed) {
  const plain = new Response(new XzReadableStream(packed), {
    headers: { "content-type": "application/wasm" },
  });
  return WebAssembly.compileStreaming(plain);
}

if (typeof document === "undefined") {
  const pipe = new TransformStream();
  const writer = pipe.writable.getWriter();
  const ignore = () => { /* the other end tells */ };
  self.onmessage = ({ data }) => {
    (data ? writer.write(data) : writer.close()).catch(ignore);
  };
  compile(pipe.readable).then(
    (module) => self.postMessage(module),
    (error) => self.postMessage(String(error)),
  );
} else {
  self.unpack = compile;
}
