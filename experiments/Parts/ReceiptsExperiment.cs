using System.Security.Cryptography;
using Pbts.Load;
using Pbts.Peer;
using Pbts.Protocol.Bls;
using Pbts.Protocol.Receipts;
using Pbts.Protocol.Vouchers;

namespace Pbts.Experiments.Parts;

/// <summary>The cryptography of receipts and vouchers: alone, aggregated and in batches.</summary>
internal sealed class ReceiptsExperiment : IExperiment
{
    public string Name => "receipts";

    public string Description => "signing and verifying receipts and vouchers, alone and together, without a tracker";

    public double ExpectedSeconds(Settings settings) => ((settings.BatchSizes.Length * 6) + 4) * settings.Budget.TotalSeconds;

    public async Task RunAsync(ExperimentRun run)
    {
        var sender = new LoadMember("sender", MemberIdentity.Generate());
        var one = new ReceiptSource(sender, [new LoadMember("receiver", MemberIdentity.Generate())]);
        await run.TimeAsync(Entry("key generation"), () => MemberIdentity.Generate().Dispose());
        await run.TimeAsync(Entry("signing"), () => one.Next(1));
        await run.TimeAsync(Entry("verification", "key and signature decoded and checked too"), () => one.Next(1)[0], receipt =>
        {
            Check(Bls.Verify(receipt.Receiver.ToBls(), receipt.SignedMessage(), receipt.Signature.ToBls()));
            return Task.CompletedTask;
        });
        var instance = InstanceId.From(RandomNumberGenerator.GetBytes(InstanceId.Length));
        var session = new VoucherSource(sender, [new LoadMember("receiver", MemberIdentity.Generate())], instance, 1);
        await run.TimeAsync(Entry("signing a voucher"), () => session.Next(1));
        await run.TimeAsync(Entry("verification of a voucher", "key and signature decoded and checked too"), () => session.Next(1)[0], voucher =>
        {
            Check(Bls.Verify(voucher.Receiver.ToBls(), voucher.SignedMessage(), voucher.Signature.ToBls()));
            return Task.CompletedTask;
        });

        foreach (var size in run.Settings.BatchSizes)
        {
            var iterations = Math.Clamp(run.Settings.Iterations * 10 / size, run.Settings.Fewest, run.Settings.Iterations);
            var receivers = Enumerable.Range(0, size).Select(i => new LoadMember($"receiver-{i}", MemberIdentity.Generate())).ToArray();
            var receipts = new ReceiptSource(sender, receivers).Next(size);
            var keys = receipts.Select(receipt => receipt.Receiver.ToBls()).ToArray();
            var messages = receipts.Select(receipt => (ReadOnlyMemory<byte>)receipt.SignedMessage()).ToArray();
            var signatures = receipts.Select(receipt => receipt.Signature.ToBls()).ToArray();
            await run.TimeAsync(Entry("aggregation", size), () => Check(Bls.TryAggregate(signatures, out _)), iterations);
            Check(Bls.TryAggregate(signatures, out var aggregate));
            await run.TimeAsync(Entry("aggregate verification", size, "as many receivers; plain, without random coefficients, as in the reference: attackable, for comparison only"),
                () => Check(Bls.AggregateVerify(keys, messages, aggregate)), iterations);
            await run.TimeAsync(Entry("one by one", size, "as many receivers"), () =>
            {
                for (var i = 0; i < size; i++)
                    Check(Bls.Verify(keys[i], messages[i].Span, signatures[i]));
            }, iterations);
            await TimeBatchAsync(run, "batch verification, as many receivers", size, receipts.Select(receipt => receipt.Statement()), iterations);
            await TimeBatchAsync(run, "batch verification, one receiver", size, one.Next(size).Select(receipt => receipt.Statement()), iterations);
            await TimeBatchAsync(run, "batch verification of vouchers, as many receivers", size, new VoucherSource(sender, receivers, instance, size).Next(size).Select(voucher => voucher.Statement()), iterations, "vouchers");
            if (run.Find(Name, "one by one", size)?.Typical is { } single && run.Find(Name, "batch verification, as many receivers", size)?.Typical is { } batch)
                run.Add(Entry("batch verification speed-up", size) with { Unit = "times one by one", Value = single / batch });
        }
    }

    private Task<bool> TimeBatchAsync(ExperimentRun run, string name, int size, IEnumerable<SignedStatement> statements, int iterations, string unit = "receipts")
    {
        var items = statements.Select(one => new BlsBatchItem(one.Signer.ToBls(), one.Message, one.Signature.ToBls())).ToArray();
        return run.TimeAsync(Entry(name, size, "what the tracker does") with { SizeUnit = unit }, () => Check(!Bls.BatchVerify(items).Contains(false)), iterations);
    }

    private static void Check(bool holds)
    {
        if (!holds)
            throw new ExperimentException("a good signature was refused");
    }

    private Finding Entry(string name, string? note = null) => new() { Part = Name, Name = name, Note = note };

    private Finding Entry(string name, int size, string? note = null) => Entry(name, note) with { Size = size, SizeUnit = "receipts" };
}
