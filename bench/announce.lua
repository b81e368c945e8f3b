-- wrk script: announces of torrents x peers, all rendered beforehand and shuffled, walked round and round.
-- wrk … -s announce.lua URL -- hashes=FILE [keys=FILE] [peers=100] [numwant=50] [close=0]
-- hashes: one info hash a line, 40 hex digits; every byte is sent escaped. keys: one passkey a line, taken in turn.
local options = {peers = 100, numwant = 50, close = 0}
local requests, next_request = {}, 0

function init(arguments)
  for _, argument in ipairs(arguments) do
    local name, value = argument:match("^(%w+)=(.*)$")
    options[name] = tonumber(value) or value
  end
  local headers = {["Host"] = "127.0.0.1", ["User-Agent"] = "bench", ["Connection"] = options.close == 1 and "close" or "keep-alive"}
  math.randomseed(7)
  local keys, torrent = {}, 0
  if options.keys then
    for key in io.lines(options.keys) do keys[#keys + 1] = "/" .. key end
  end
  for hex in io.lines(options.hashes) do
    torrent = torrent + 1
    local info_hash = hex:gsub("..", "%%%0")
    for peer = 1, options.peers do
      -- A port of its own for each peer of a torrent: some trackers know a peer by address and port alone.
      local port = 1024 + (torrent * 131 + peer * 7) % 60000
      local left = math.random(2) == 1 and 0 or 123456789
      requests[#requests + 1] = wrk.format("GET", string.format(
        "/announce%s?info_hash=%s&peer_id=-BN0001-%06d%06d&port=%d&uploaded=%d&downloaded=%d&left=%d&numwant=%d&compact=1&key=%08x",
        keys[(torrent * options.peers + peer) % #keys + 1] or "", info_hash, torrent, peer, port, peer * 1000, peer * 500, left, options.numwant, torrent * 1000 + peer), headers)
    end
  end
  for i = #requests, 2, -1 do
    local j = math.random(i)
    requests[i], requests[j] = requests[j], requests[i]
  end
end

function request()
  next_request = next_request % #requests + 1
  return requests[next_request]
end

function done(summary, latency)
  io.write(string.format("RESULT %d %.0f %.2f %.2f %d\n", summary.requests, summary.requests / (summary.duration / 1e6),
    latency:percentile(50) / 1000, latency:percentile(99) / 1000,
    summary.errors.connect + summary.errors.read + summary.errors.write + summary.errors.timeout + summary.errors.status))
end
