using System.Buffers;
using System.Net;
using System.Security.Cryptography;
using System.Text;
using BenchmarkDotNet.Attributes;
using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Loggers;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Pbts.Api.Announce;
using Pbts.GrainInterfaces.Swarms;
using Pbts.Grains.Swarms;
using Pbts.Protocol.Bencode;
using Pbts.Protocol.Bls;

namespace Pbts.Bench;

/// <summary>The inner loops by themselves: nanoseconds and bytes allocated an operation.</summary>
[MemoryDiagnoser(displayGenColumns: false)]
public class InnerLoops
{
    private readonly byte[] _target = Encoding.ASCII.GetBytes(
        "/announce/0123456789abcdef0123456789abcdef?info_hash=%124Vx%9a%bc%de%f1%23Eg%89%ab%cd%ef%124Vx%9a&peer_id=-BN0001-000000000001&port=6881&uploaded=0&downloaded=0&left=123456789&numwant=50&compact=1&key=0a1b2c3d");

    private readonly Swarm _swarm = new(new SwarmRules(2700));
    private readonly Random _random = new(7);
    private readonly ArrayBufferWriter<byte> _output = new(8192);
    private readonly byte[] _torrent;
    private readonly BencodeLimits _limits = new() { MaxDepth = 8, MaxValues = 1000, MaxLength = 1 << 20 };
    private readonly AnnounceRequest _request = Request(50);
    private readonly AnnounceQuery _query;
    private readonly AnnounceReply _reply;
    private readonly BlsSecretKey _key;
    private readonly BlsValidatedKey _publicKey;
    private readonly byte[] _message = RandomNumberGenerator.GetBytes(200);
    private readonly BlsSignature _signature;
    private readonly BlsBatchItem[] _batch;

    public InnerLoops()
    {
        for (var peer = 0; peer < 100; peer++)
            _swarm.Announce(Request(peer), default, _random, out _);
        AnnounceQuery.Parse(TrackerRoute.Parse(_target).Query, out _query);
        _reply = _swarm.Announce(_request, new Moment(1, 1000), _random, out _);
        _torrent = [.. "d8:announce30:http://127.0.0.1:8000/announce4:infod6:lengthi1048576e4:name4:file12:piece lengthi16384e6:pieces1280:"u8, .. RandomNumberGenerator.GetBytes(1280), .. "ee"u8];
        if (!Bls.TryKeyGen(RandomNumberGenerator.GetBytes(32), [], out var key) || !Bls.SkToPk(key).TryValidate(out var publicKey))
            throw new InvalidOperationException("No key.");
        (_key, _publicKey, _signature) = (key, publicKey, Bls.Sign(key, _message));
        _batch = [.. Enumerable.Range(0, 50).Select(i =>
        {
            var message = RandomNumberGenerator.GetBytes(200);
            return new BlsBatchItem(publicKey, message, Bls.Sign(key, message));
        })];
    }

    internal static int Run(Arguments arguments)
    {
        // In this process: a quick look, comparable with itself.
        var job = Job.ShortRun.WithToolchain(InProcessEmitToolchain.Instance);
        var config = ManualConfig.CreateEmpty().AddJob(job).AddLogger(ConsoleLogger.Default).AddColumnProvider(DefaultColumnProviders.Instance)
            .WithArtifactsPath(Path.Combine(Path.GetTempPath(), "pbts-inner-loops")).WithOptions(ConfigOptions.DisableLogFile);
        var summary = BenchmarkRunner.Run<InnerLoops>(config);
        var figures = summary.Reports.Where(report => report.ResultStatistics is not null).ToDictionary(
            report => report.BenchmarkCase.Descriptor.WorkloadMethod.Name,
            report => new { nanoseconds = report.ResultStatistics!.Median, bytes = report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) });
        Results.WriteAsync(arguments, "inner", figures).GetAwaiter().GetResult();
        return figures.Count == 8 ? 0 : 1;
    }

    [Benchmark]
    public bool ParseAnnounce() => AnnounceQuery.Parse(TrackerRoute.Parse(_target).Query, out _) is null;

    [Benchmark]
    public int AnnounceToSwarmOf100() => _swarm.Announce(_request, new Moment(1, 1000), _random, out _).Complete;

    [Benchmark]
    public int WriteReply()
    {
        _output.ResetWrittenCount();
        BencodeReply.Announce(_output, _query, _reply, _request.Endpoint, 1800, 900, "tracker"u8);
        return _output.WrittenCount;
    }

    [Benchmark]
    public int ReadTorrent()
    {
        var reader = new BencodeReader(_torrent, _limits);
        var tokens = 0;
        while (reader.Read())
            tokens++;
        return tokens;
    }

    [Benchmark]
    public BlsSignature SignReceipt() => Bls.Sign(_key, _message);

    [Benchmark]
    public bool VerifyReceipt() => Bls.Verify(_publicKey, _message, _signature);

    [Benchmark]
    public bool CheckKey() => _publicKey.PublicKey.TryValidate(out _);

    [Benchmark]
    public int VerifyBatchOf50() => Bls.BatchVerify(_batch).Length;

    private static AnnounceRequest Request(int peer) => new()
    {
        Endpoint = new PeerEndpoint(new IPAddress(0x0100007f + peer), (ushort)(2000 + peer)),
        Identity = (ulong)peer,
        Left = peer % 2 == 0 ? 0 : 5,
        NumWant = 50,
    };
}
