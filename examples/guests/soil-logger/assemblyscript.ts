// The soil logger again, in AssemblyScript: the ABI is not C's. It answers what its sister in C answers, and
// keeps its readings as text. assemblyscript.wasm is made from this by ../build-assemblyscript.
//
// The functions' parameters lie in memory as kinode:process/standard@0.7.0 has them; docs/guests.md tells
// where that is written down. Offsets below are those of its records.

@external("kinode:process/standard@0.7.0", "receive")
declare function receive(out: usize): void;
@external("kinode:process/standard@0.7.0", "send-request")
declare function sendRequest(outgoing: usize): void;
@external("kinode:process/standard@0.7.0", "send-and-await-response")
declare function sendAndAwait(request: usize, out: usize): void;
@external("kinode:process/standard@0.7.0", "get-state")
declare function getState(out: usize): void;
@external("kinode:process/standard@0.7.0", "set-state")
declare function setState(bytes: usize, length: usize): void;
@external("kinode:process/standard@0.7.0", "print-to-terminal")
declare function print(verbosity: i32, line: usize, length: usize): void;
@external("kinode:process/standard@0.7.0", "send-response")
declare function sendResponse(
  inherit: i32, body: usize, bodyLength: i32, hasMetadata: i32, metadata: usize, metadataLength: i32, capabilities: usize,
  capabilityCount: i32, hasBlob: i32, hasMime: i32, mime: usize, mimeLength: i32, bytes: usize, byteCount: i32): void;
@external("wasi_snapshot_preview1", "clock_time_get")
declare function clockTimeGet(clock: i32, precision: u64, out: usize): i32;

/** The host allocates what it gives with this. */
export function cabi_realloc(old: usize, oldSize: usize, alignment: usize, size: usize): usize {
  if (size == 0) return alignment;
  return old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}

// ---- texts and records in memory ----

const item: usize = memory.data(120, 8); // what receive, send-and-await-response and get-state write
const message: usize = memory.data(128, 8); // what is sent

function textAt(at: usize): string {
  return String.UTF8.decodeUnsafe(load<u32>(at), load<u32>(at, 4));
}
/** Gives back a string or list whose pointer and length stand at an address. */
function release(at: usize): void {
  if (load<u32>(at, 4) > 0) heap.free(load<u32>(at));
}
function releaseAll(at: usize, count: usize): void {
  for (let i: usize = 0; i < count; ++i) release(at + 8 * i);
}
/** Gives back a message: a request's body is at 32 behind its begin, a response's at 12. */
function releaseMessage(at: usize): void {
  const body = at + (load<u8>(at) == 0 ? 32 : 12);
  release(body);
  if (load<u8>(body, 8) != 0) release(body + 12); // metadata
  for (let i: usize = 0; i < load<u32>(body, 24); ++i) releaseAll(<usize>load<u32>(body, 20) + 40 * i, 5);
  release(body + 20); // capabilities
  if (load<u8>(at) != 0 && load<u8>(at, 40) != 0) release(at + 44); // a response's context
}
/** Writes a text's place; the text must live for as long as that is read. */
function put(at: usize, text: ArrayBuffer): void {
  store<u32>(at, changetype<usize>(text));
  store<u32>(at, text.byteLength, 4);
}

const ours = String.UTF8.encode("our"), system = String.UTF8.encode("distro"), publisher = String.UTF8.encode("sys");

/** A request to a service of the system, in `message`. */
function request(service: ArrayBuffer, body: ArrayBuffer, seconds: u64): void {
  memory.fill(message, 0, 128);
  put(message, ours), put(message + 8, service), put(message + 16, system), put(message + 24, publisher);
  store<u8>(message, 1, 40), store<u64>(message, seconds, 48);
  put(message + 56, body);
}

// ---- JSON, as much as there is here ----

/** The number behind "key": in a text; NaN if there is none. */
function numberOf(json: string, key: string): f64 {
  const at = json.indexOf('"' + key + '"');
  if (at < 0) return NaN;
  let end = json.indexOf(":", at) + 1;
  const begin = end;
  while (end < json.length && json.charCodeAt(end) != 44 && json.charCodeAt(end) != 125) ++end; // , }
  return parseFloat(json.substring(begin, end).trim());
}

// ---- the logger ----

const kept = 1000;
let every: u32 = 3600; // seconds
let readings: string[] = []; // {"time": …, "moisture": …}, the newest last
const hardware = String.UTF8.encode("hardware"), timer = String.UTF8.encode("timer");

function say(line: string): void {
  const bytes = String.UTF8.encode(line);
  print(0, changetype<usize>(bytes), bytes.byteLength);
}

/** The state: the time between readings, and a line for each reading. */
function save(): void {
  const bytes = String.UTF8.encode(every.toString() + "\n" + readings.join("\n"));
  setState(changetype<usize>(bytes), bytes.byteLength);
}
function restore(): void {
  getState(item);
  if (load<u8>(item) == 0) return;
  const lines = textAt(item + 4).split("\n");
  release(item + 4);
  every = <u32>parseInt(lines[0]);
  for (let i = 1; i < lines.length; ++i) if (lines[i].length > 0) readings.push(lines[i]);
}

function readSensor(): void {
  const body = String.UTF8.encode('{"read_pin":{"pin":59,"mode":1}}');
  request(hardware, body, 10);
  sendAndAwait(message, item);
  if (load<u8>(item) != 0) return say("The hardware does not answer.");
  const answer = textAt(item + 52), moisture = numberOf(answer, "value");
  releaseAll(item + 8, 4), releaseMessage(item + 40);
  if (isNaN(moisture)) return say(answer);
  clockTimeGet(0, 1000000, item);
  const seconds = load<u64>(item) / 1000000000;
  readings.push('{"time":' + seconds.toString() + ',"moisture":' + (<i32>moisture).toString() + "}");
  if (readings.length > kept) readings.shift();
  save();
}

function schedule(): void {
  const body = String.UTF8.encode('{"SetTimer":' + (every * 1000).toString() + "}");
  request(timer, body, every + 5);
  sendRequest(message);
}

function answerTo(body: string): string {
  const seconds = numberOf(body, "every");
  if (seconds >= 1 && seconds <= 86400) {
    every = <u32>seconds;
    save(), schedule();
  }
  if (body.includes('"every"')) return '{"every":' + every.toString() + "}";
  const wanted = numberOf(body, "readings");
  if (!isNaN(wanted)) return '{"readings":[' + readings.slice(<i32>max(0, readings.length - wanted)).join(",") + "]}";
  return readings.length > 0 ? readings[readings.length - 1] : "null";
}

function respond(body: string): void {
  const bytes = String.UTF8.encode(body);
  sendResponse(0, changetype<usize>(bytes), bytes.byteLength, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
}

/** One item of the mailbox; no value lives on when it returns, so that what is left over can be collected. */
function serve(): void {
  receive(item);
  if (load<u8>(item) != 0) return say("The timer does not answer.");
  const isRequest = load<u8>(item, 40) == 0, wantsResponse = isRequest && load<u8>(item, 56) != 0;
  const body = isRequest ? textAt(item + 72) : "";
  releaseAll(item + 8, 4), releaseMessage(item + 40);
  if (wantsResponse) return respond(answerTo(body));
  if (!isRequest) readSensor(), schedule(); // the timer
}

export function init(our: usize, length: usize): void {
  restore();
  readSensor();
  schedule();
  for (;;) {
    serve();
    __collect();
  }
}
