namespace Pbts.Experiments.Output;

/// <summary>What the paper and the reference say of the same operations, beside ours.</summary>
internal static class Published
{
    /// <summary>Operation, ours, the paper's (2 vCPU, Intel TDX, Python), the reference's code (Python, two shared cores).</summary>
    public static IEnumerable<string[]> Rows(Results results)
    {
        string Ours(string part, string name, double? size = null) =>
            results.Of(part, name).FirstOrDefault(finding => size is null || finding.Size == size) is { Typical: { } typical } found ? $"{Format.Number(typical)} {found.Unit}" : "not measured";
        yield return ["key generation", Ours("latency", "key generation"), "–", "13 ms"];
        yield return ["signing a receipt", Ours("receipts", "signing"), "134 ms", "250 ms"];
        yield return ["verifying a receipt", Ours("receipts", "verification"), "341 ms", "650 ms, the first one"];
        yield return ["50 receipts together, as many receivers", Ours("receipts", "batch verification, as many receivers", 50), "6,500 ms (2.2 times faster than one by one)", "–"];
        yield return ["a report of one receipt over HTTP", Ours("overhead", "report", 1), "–", "400 to 600 ms"];
        yield return ["download overhead, 256 KiB pieces at 1 MB/s", Ours("download", "overhead at 1 MB/s", 256), "52 % of the download time", "–"];
        yield return ["download overhead, 2 MiB pieces at 1 MB/s", Ours("download", "overhead at 1 MB/s", 2048), "6 % of the download time", "–"];
        yield return ["download overhead, 256 KiB pieces at 20 MB/s", Ours("download", "overhead at 20 MB/s", 256), "more than 90 % of the throughput lost", "–"];
        yield return ["verifying an attestation", Ours("latency", "attestation verification, sample quote"), "1,030 ms", "150 to 300 ms, later 50 to 100 ms (claimed)"];
        yield return ["generating an attestation", Ours("latency", "attestation generation"), "–", "10 to 50 ms (claimed)"];
        yield return ["addUser", Ours("gas", "addUser"), "–", "117,986 gas (optimised)"];
        yield return ["updateUser, later", Ours("gas", "updateUser, later"), "–", "37,798 gas (optimised)"];
        yield return ["migrateUserData", Ours("gas", "migrateUserData"), "–", "154,960 gas (optimised)"];
    }
}
