namespace Pbts.Cli.Commands;

/// <summary>Command lines the help shows, by the command they are for.</summary>
internal static class Examples
{
    private const string Torrent = "0123456789abcdef0123456789abcdef01234567";
    private const string Contract = "0x5FbDB2315678afecb367f032d93F642f64180aa3";
    private const string Piece = $"--infohash {Torrent} --piece-hash 2aae6c35c94fcfb415dbe95f408b9ce91ee846ed --piece-index 0";
    private const string Session = $"--infohash {Torrent} --session 00112233445566778899aabbccddeeff --bytes 4194304 --instance {Instance}";
    private const string Instance = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";
    private const string Alice = "kabIzby0/iI5lnJv1I9vExXVjJAxPZgewRZgQiZFN3MHIOepWHchEMfugvr/+yxg";

    private static readonly Dictionary<string, string[]> All = new()
    {
        ["keygen"] = ["pbts keygen --out alice.key"],
        ["register"] =
        [
            "pbts register alice --key alice.key --tracker http://127.0.0.1:8000", "PBTS_INVITE=… pbts register alice --key alice.key",
            "pbts register alice --key alice.key --passport alice.passport.json", "pbts register alice --key alice.key --proof alice.proof.json",
        ],
        ["invite create"] = ["pbts invite create --uses 10 --expires 604800", "PBTS_TRACKER=http://127.0.0.1:8000/announce/PASSKEY pbts invite create"],
        ["invite list"] = ["pbts invite list --json"],
        ["invite revoke"] = ["pbts invite revoke 7"],
        ["passport get"] = ["pbts passport get alice --key alice.key --out alice.passport.json", "PBTS_PASSKEY=… pbts passport get alice --out alice.passport.json --no-proof"],
        ["passport show"] = ["pbts passport show alice.passport.json"],
        ["passport verify"] = [$"pbts passport verify alice.passport.json --issuer {Contract}"],
        ["passport bring"] = ["PBTS_PASSKEY=… pbts passport bring alice alice.passport.json --key alice.key"],
        ["issuer list"] = ["pbts issuer list --json"],
        ["issuer add"] = [$"pbts issuer add sister --address {Contract} --instance {Instance} --weight 50 --cap 107374182400 --least-age 30", $"pbts issuer add old --contract {Contract} --chain-id 31337 --weight 100"],
        ["issuer set"] = ["pbts issuer set sister --weight 25 --cap none"],
        ["issuer remove"] = ["pbts issuer remove sister"],
        ["token create"] = ["PBTS_ADMIN_TOKEN=… pbts token create site --scope site:write"],
        ["token list"] = ["pbts token list --json"],
        ["token revoke"] = ["pbts token revoke 7"],
        ["trust status"] = ["PBTS_ADMIN_TOKEN=… pbts trust status --json"],
        ["trust run"] = ["PBTS_ADMIN_TOKEN=… pbts trust run --wait"],
        ["trust user"] = ["PBTS_ADMIN_TOKEN=… pbts trust user alice"],
        ["trust seed"] = ["PBTS_ADMIN_TOKEN=… pbts trust seed alice", "PBTS_ADMIN_TOKEN=… pbts trust seed alice --remove"],
        ["import unit3d"] = ["PBTS_ADMIN_TOKEN=… PBTS_MYSQL_PASSWORD=… pbts import unit3d mysql://unit3d@127.0.0.1:3306/unit3d --dry-run"],
        ["import gazelle"] = ["PBTS_ADMIN_TOKEN=… PBTS_MYSQL_PASSWORD=… pbts import gazelle mysql://gazelle@127.0.0.1:3306/gazelle --json"],
        ["import csv"] = ["PBTS_ADMIN_TOKEN=… pbts import csv . --torrents ."],
        ["connect unit3d"] = ["PBTS_ADMIN_TOKEN=… PBTS_MYSQL_PASSWORD=… pbts connect unit3d --mysql mysql://unit3d@127.0.0.1:3306/unit3d --tracker http://127.0.0.1:8000"],
        ["user"] = ["pbts user alice", "pbts user alice --json"],
        ["attest"] = [$"pbts attest --key bob.key --sender {Alice} {Piece}", $"pbts attest --key bob.key --sender {Alice} {Session}"],
        ["verify"] =
        [
            $"pbts verify --receiver BASE64 --receipt BASE64 --sender {Alice} {Piece} --timestamp 1700000000",
            $"pbts verify --receiver BASE64 --signature BASE64 --sender {Alice} {Session} --opened 1700000000 --signed-at 1700000042",
        ],
        ["report"] = ["pbts report --user alice --key alice.key", "PBTS_PASSKEY=… pbts report --user alice --key alice.key --file receipts.json"],
        ["evidence"] = ["pbts evidence alice --key alice.key --out alice.ndjson", "PBTS_PASSKEY=… pbts evidence alice --out alice.ndjson"],
        ["audit"] = ["pbts audit alice.ndjson", "PBTS_DATABASE='Host=127.0.0.1;Database=pbts;Username=pbts' pbts audit --database --json"],
        ["proof"] = ["PBTS_TRACKER=http://127.0.0.1:8000/announce/PASSKEY pbts proof alice --out alice.proof.json"],
        ["verify-proof"] = ["pbts verify-proof alice.proof.json", $"pbts verify-proof alice.proof.json --rpc http://127.0.0.1:8545 --contract {Contract}"],
        ["announce"] = [$"pbts announce {Torrent} --event started --left 0", $"PBTS_TRACKER=http://127.0.0.1:8000/announce/PASSKEY pbts announce {Torrent}"],
        ["scrape"] = [$"pbts scrape {Torrent}"],
        ["torrent create"] = ["pbts torrent create film.mkv --tracker http://127.0.0.1:8000/announce --piece-length 1048576 --out film.torrent"],
        ["torrent publish"] = ["PBTS_TRACKER=http://127.0.0.1:8000/announce/PASSKEY pbts torrent publish film.torrent"],
        ["torrent show"] = ["pbts torrent show film.torrent"],
        ["seed"] = ["pbts seed film.torrent --data . --user alice --key alice.key"],
        ["get"] = ["pbts get film.torrent --data downloads --user bob --key bob.key"],
        ["gate"] = ["PBTS_TRACKER=http://127.0.0.1:8000/announce/PASSKEY pbts gate --user bob --key bob.key --port 51413", "pbts gate --user bob --key bob.key --watch torrents"],
        ["gate rewrite"] = ["pbts gate rewrite film.torrent --announce http://127.0.0.1:6880/announce/SECRET --out film.gate.torrent"],
        ["gate setup"] = ["pbts gate setup qbittorrent"],
        ["gate status"] = ["pbts gate status --key bob.key --json"],
        ["config"] = ["pbts config", "pbts config receipt_window=86400 verify_signatures=true"],
        ["deploy-factory"] = ["pbts deploy-factory --env .env"],
        ["contract status"] = ["pbts contract status"],
        ["contract user"] = ["pbts contract user alice"],
        ["contract tx"] = ["pbts contract tx 0xd6cfe66ba4455c163389619ebba7f061410b7f848f5ba709bca8fd07eaf4e438"],
        ["contract init"] = ["pbts contract init none", $"pbts contract init {Contract}"],
        ["contract register"] = ["pbts contract register alice 0x12ab salt"],
        ["contract update"] = ["pbts contract update alice 1048576 2097152"],
        ["contract migrate"] = ["pbts contract migrate alice"],
        ["contract anchor"] = ["pbts contract anchor"],
        ["contract approve"] = ["pbts contract approve alice"],
        ["contract link"] = ["pbts contract link alice"],
        ["contract revoke"] = ["pbts contract revoke alice"],
        ["migrate start"] = [$"pbts migrate start {Contract} --wait", $"pbts migrate start {Contract} --method anchor --claims all --wait"],
        ["migrate watch"] = ["pbts migrate watch ID"],
        ["migrate list"] = ["pbts migrate list --json"],
        ["migrate show"] = ["pbts migrate show ID"],
        ["migrate pause"] = ["pbts migrate pause ID"],
        ["migrate resume"] = ["pbts migrate resume ID"],
        ["migrate cancel"] = ["pbts migrate cancel ID"],
        ["tee status"] = ["pbts tee status"],
        ["tee verify"] = ["pbts tee verify sample.hex --accept Unknown"],
        ["completion"] = ["source <(pbts completion bash)"],
    };

    public static IReadOnlyList<string> Of(string path) => All.GetValueOrDefault(path, []);
}
