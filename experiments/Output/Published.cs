namespace Pbts.Experiments.Output;

/// <summary>
/// What the paper and the reference say of the same operations, beside ours: the paper's figures are of its Python code on
/// two virtual cores of a TDX machine, the reference's of its Python code on two shared cores, its contracts' with the
/// optimiser on; "claimed" is what its documents say without a measurement.
/// </summary>
internal static class Published
{
    public static string[] Heading { get; } = ["operation", "here, median", "with vouchers", "paper", "reference"];

    public static IEnumerable<string[]> Rows(Results results)
    {
        double? Value(string part, string name, double? size) =>
            results.Of(part, name).FirstOrDefault(finding => size is null || finding.Size == size)?.Typical;
        string Cell(string part, string name, double? size) => Value(part, name, size) is { } value ? $"{Format.Number(value)} {results.Of(part, name).First().Unit}" : "not measured";
        string[] Row(string operation, string part, string name, double? size, string paper, string reference, string? vouchers = null) =>
            [operation, Cell(part, name, size), vouchers is null ? "–" : Cell(part, vouchers, size), paper, reference];
        // Peers sign vouchers; what receipts would add to a transfer is no longer measured.
        string[] Transfer(double size) => ["the same in a real transfer of a small file", "–", Cell("download", "real transfer at 1 MB/s, overhead", size), "–", "–"];
        string Lost(string name) => Value("download", name, 256) is { } lost ? $"{Format.Number(100 * lost / (100 + lost))} %" : "not measured";

        yield return Row("key generation", "latency", "key generation", null, "–", "13 ms");
        yield return Row("key generation, TEE-derived", "latency", "key generation, TEE-derived", null, "–", "50 to 200 % more (claimed)");
        yield return Row("generating an attestation", "latency", "attestation generation", null, "–", "10 to 50 ms (claimed)");
        yield return Row("verifying an attestation (here without collateral)", "latency", "attestation verification, sample quote", null,
            "1,030 ms", "150 to 300 ms, later 50 to 100 ms (claimed)");
        yield return Row("registration, end to end", "latency", "registration, end to end", null, "–", "–");
        yield return Row("registration with an attestation", "latency", "registration with an attestation, end to end", null, "–", "50 to 150 % more (claimed)");
        yield return Row("signing a receipt", "receipts", "signing", null, "134 ms", "250 ms", "signing a voucher");
        yield return Row("verifying a receipt", "receipts", "verification", null, "341 ms", "650 ms, the first one", "verification of a voucher");
        yield return Row("50 receipts together, as many receivers", "receipts", "batch verification, as many receivers", 50, "6,500 ms", "–", "batch verification of vouchers, as many receivers");
        yield return Row("the same, against one by one", "receipts", "batch verification speed-up", 50, "2.2 times one by one", "–");
        yield return Row("receipts signed a second, one thread", "throughput", "receipt signing", 1, "–", "1,000 (claimed)");
        yield return Row("receipts verified a second, one thread", "throughput", "receipt verification", 1, "–", "500 (claimed)");
        yield return Row("a report of one receipt over HTTP", "overhead", "report", 1, "–", "400 to 600 ms", "report of vouchers");
        yield return Row("reports of ten receipts, from 50 at once", "scalability", "reports a second", 50, "–", "200 a second (claimed)", "reports of vouchers a second");
        yield return Row("download overhead by formula, 256 KiB at 1 MB/s", "download", "overhead at 1 MB/s", 256, "52 % of the download time", "–", "overhead with vouchers at 1 MB/s");
        yield return Transfer(256);
        yield return Row("download overhead by formula, 2 MiB at 1 MB/s", "download", "overhead at 1 MB/s", 2048, "6 % of the download time", "–", "overhead with vouchers at 1 MB/s");
        yield return Transfer(2048);
        yield return ["throughput lost by formula, 256 KiB at 20 MB/s", Lost("overhead at 20 MB/s"), Lost("overhead with vouchers at 20 MB/s"), "more than 90 %", "–"];
        yield return Row("factory deployment", "gas", "factory deployment", null, "–", "1,076,884 gas");
        yield return Row("createReputation", "gas", "createReputation", null, "–", "849,227 gas");
        yield return Row("createReputation with an attestation", "gas", "createReputation with an attestation", null, "–", "1,078,265 to 1,090,644 gas");
        yield return Row("addUser", "gas", "addUser", null, "–", "117,986 gas");
        yield return Row("updateUser, first", "gas", "updateUser, first", null, "–", "54,874 gas");
        yield return Row("updateUser, later", "gas", "updateUser, later", null, "–", "37,798 gas");
        yield return Row("migrateUserData", "gas", "migrateUserData", null, "–", "154,960 gas");
    }
}
