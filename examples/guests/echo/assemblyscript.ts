// The echo for kinode:process/standard@0.7.0 in AssemblyScript: the ABI is not C's. assemblyscript.wasm is made from this by
// ../build-assemblyscript, which needs npm; it is checked in because the build does not.

@external("kinode:process/standard@0.7.0", "receive")
declare function receive(out: usize): void;

@external("kinode:process/standard@0.7.0", "send-response")
declare function sendResponse(
  inherit: i32, body: usize, bodyLength: i32, hasMetadata: i32, metadata: usize, metadataLength: i32, capabilities: usize,
  capabilityCount: i32, hasBlob: i32, hasMime: i32, mime: usize, mimeLength: i32, bytes: usize, byteCount: i32): void;

// Where receive() puts its result: 120 bytes, aligned to 8.
const item: usize = memory.data(120, 8);

/** The host allocates what it gives with this. */
export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

/** Gives back a string or list whose pointer and length stand at an address. */
function release(at: usize): void {
  if (load<u32>(at, 4) > 0) heap.free(load<u32>(at));
}
/** The same for some of them, one after the other. */
function releaseAll(at: usize, count: usize): void {
  for (let i: usize = 0; i < count; ++i) release(at + 8 * i);
}

export function init(our: usize, length: usize): void {
  while (true) {
    receive(item);
    if (load<u8>(item) != 0) continue; // an error of a request that this process never makes
    const isRequest = load<u8>(item, 40) == 0;
    if (isRequest && load<u8>(item, 56) != 0) // it expects a response
      sendResponse(0, load<u32>(item, 72), load<i32>(item, 76), 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    releaseAll(item + 8, 4); // the source's four names
    if (!isRequest) continue;
    release(item + 72); // the body
    if (load<u8>(item, 80) != 0) release(item + 84); // the metadata
    for (let i: usize = 0; i < load<u32>(item, 96); ++i) releaseAll(<usize>load<u32>(item, 92) + 40 * i, 5);
    release(item + 92); // the capabilities
  }
}
