// For nginx (njs): what an announce is routed by. Clients escape an info hash in different ways (all of it or only what must
// be, in upper or lower case), and all peers of a torrent are to come to the same front end.

const percent = 0x25;
const digit = character => character < 0x40 ? character - 0x30 : (character | 0x20) - 0x57;

/** The announce's info hash in hex; anything else goes anywhere. */
function torrent(request) {
  const text = request.rawVariables.arg_info_hash;
  if (!text || text.length === 0) return request.variables.request_id;
  const bytes = Buffer.alloc(text.length);
  let length = 0;
  for (let i = 0; i < text.length; i++) {
    bytes[length++] = text[i] === percent ? digit(text[++i]) << 4 | digit(text[++i]) : text[i];
  }
  return bytes.toString('hex', 0, length);
}

export default { torrent };
