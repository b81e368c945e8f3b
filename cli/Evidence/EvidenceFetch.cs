using System.Buffers;
using System.Globalization;
using System.Text.Json;
using Pbts.Cli.Commands;
using Pbts.Peer;
using Pbts.Peer.Tracker;
using Pbts.Protocol.Evidence;
using Pbts.Protocol.Storage;
using Pbts.Protocol.Vouchers;

namespace Pbts.Cli.Evidence;

/// <summary>
/// Fetches a member's evidence whole and of one moment. Pages are read one after the other, and vouchers rise meanwhile; so what
/// has risen since the first page is read and put in its place, until all of that comes in one page, with totals of the same
/// moment. Each round is shorter than the one before, and so is what rises in it.
/// </summary>
internal sealed class EvidenceFetch(TrackerClient client, string userId, MemberIdentity? identity, string target, Action<long, long> progress, int pageSize = EvidenceFetch.PageSize) : IDisposable
{
    public const int PageSize = 1000;

    private const int MostRounds = 30;

    /// <summary>
    /// Between rounds that bring what may have been brought already: the tracker gives all that rose in the minute before a moment
    /// again, and of a member with much to do that is more than a page for as long. Thirty rounds are longer than that minute.
    /// </summary>
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(3);

    private const int MostRepeats = 20;

    /// <summary>The vouchers so far, by id; only lines.</summary>
    private string _whole = target + ".part";

    private string _other = target + ".part2";
    private string? _instance;

    /// <summary>What went wrong; <c>null</c> while nothing has.</summary>
    public ApiResult? Problem { get; private set; }

    /// <summary>Fetches everything and puts it at the target.</summary>
    /// <returns>The first line; <c>null</c> with <see cref="Problem"/>.</returns>
    public async Task<EvidenceHeader?> RunAsync(CancellationToken cancellationToken)
    {
        await Create(_whole).DisposeAsync().ConfigureAwait(false);
        long? since = null;
        for (var round = 0; round < MostRounds; round++)
        {
            if (await ReadRoundAsync(since, cancellationToken).ConfigureAwait(false) is not var (header, pages))
                return null;
            if (pages == 1)
                return Finish(header);
            since = header.At;
            if (round > 0)
                await Task.Delay(Pause, cancellationToken).ConfigureAwait(false);
        }

        Problem = new(503, null, "the member's vouchers rise faster than they can be read: try again when it does less");
        return null;
    }

    public void Dispose()
    {
        File.Delete(_whole);
        File.Delete(_other);
    }

    /// <summary>Who met whom is the member's own.</summary>
    private static BufferedStream Create(string path) => new(PrivateFile.Open(path, FileMode.Create), 64 << 10);

    /// <summary>Reads all pages of what has risen since then into the vouchers so far.</summary>
    private async Task<(EvidenceHeader Header, int Pages)?> ReadRoundAsync(long? since, CancellationToken cancellationToken)
    {
        EvidenceHeader? first = null;
        using var before = new LineFile(_whole);
        var now = Create(_other);
        await using (now.ConfigureAwait(false))
        {
            var (pages, vouchers) = (0, 0L);
            for (VoucherId? after = null; ; pages++)
            {
                if (await ReadPageAsync(since, after, cancellationToken).ConfigureAwait(false) is not { } page)
                    return null;
                var (header, end) = Merge(page, before, now);
                first ??= header;
                vouchers += end.Vouchers;
                if (since is null)
                    progress(vouchers, first!.Vouchers.Count);
                if (end.Next is null)
                    break;
                after = end.Next;
            }

            before.CopyTo(now);
            await now.FlushAsync(cancellationToken).ConfigureAwait(false);
            (_whole, _other) = (_other, _whole);
            return (first!, pages + 1);
        }
    }

    /// <summary>Copies the page's vouchers between those of the file, in place of the same sessions there.</summary>
    private static (EvidenceHeader? Header, EvidenceEnd End) Merge(byte[] page, LineFile file, Stream target)
    {
        EvidenceHeader? header = null;
        foreach (var range in page.AsSpan().Split((byte)'\n'))
        {
            var line = page.AsSpan(range);
            if (line.IsEmpty || !SealedLine.IsIntact(line))
                break;
            using var document = JsonDocument.Parse(line.ToArray());
            switch (document.RootElement.GetProperty("type").GetString())
            {
                case EvidenceHeader.Type:
                    header = EvidenceHeader.Read(document.RootElement);
                    break;
                case EvidenceEnd.Type:
                    return (header, EvidenceEnd.Read(document.RootElement));
                default:
                    file.CopyTo(target, document.RootElement.GetProperty("id").GetString()!);
                    target.Write(line);
                    target.WriteByte((byte)'\n');
                    break;
            }
        }

        throw new IOException("the tracker's answer broke off");
    }

    /// <summary>Writes the file: the first line, the vouchers, the end.</summary>
    private EvidenceHeader Finish(EvidenceHeader header)
    {
        var line = new ArrayBufferWriter<byte>();
        using (var file = Create(_other))
        {
            header.Write(line);
            file.Write(line.WrittenSpan);
            using (var vouchers = new FileStream(_whole, FileMode.Open, FileAccess.Read))
                vouchers.CopyTo(file);
            line.Clear();
            new EvidenceEnd(header.Vouchers.Count, null).Write(line);
            file.Write(line.WrittenSpan);
        }

        File.Move(_other, target, overwrite: true);
        return header;
    }

    private async Task<byte[]?> ReadPageAsync(long? since, VoucherId? after, CancellationToken cancellationToken)
    {
        for (var repeats = 0; ; repeats++)
        {
            var query = $"limit={pageSize}";
            if (since is { } moment)
                query += string.Create(CultureInfo.InvariantCulture, $"&since={moment}");
            if (after is { } id)
                query += $"&after={id}";
            if (identity is not null)
            {
                if (await SignAsync(cancellationToken).ConfigureAwait(false) is not { } signed)
                    return null;
                query += signed;
            }

            var (page, problem, wait) = await client.DownloadAsync($"user/{Uri.EscapeDataString(userId)}/evidence?{query}", asMember: identity is null, cancellationToken).ConfigureAwait(false);
            if (page is not null)
                return page;
            if (problem!.Status is not (429 or 503) || repeats == MostRepeats)
            {
                Problem = problem;
                return null;
            }

            await Task.Delay(wait, cancellationToken).ConfigureAwait(false);
        }
    }

    /// <summary>The query that says who asks, anew for each page: a signature is good for five minutes.</summary>
    private async Task<string?> SignAsync(CancellationToken cancellationToken)
    {
        if (_instance is null)
        {
            if (await client.FindInstanceAsync(cancellationToken).ConfigureAwait(false) is not { } instance)
            {
                Problem = new(0, null, "the tracker does not tell its instance id");
                return null;
            }

            _instance = instance.ToString();
        }

        var time = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var signature = identity!.Sign(EvidenceRequestMessage.Build(_instance, userId, (ulong)time));
        return string.Create(CultureInfo.InvariantCulture, $"&time={time}&signature={Uri.EscapeDataString(Convert.ToBase64String(signature.Span))}");
    }

    /// <summary>The lines of the file, each with its id, gone through once.</summary>
    private sealed class LineFile : IDisposable
    {
        private static readonly int IdAt = "{\"type\":\"voucher\",\"id\":\"".Length;

        private readonly FileStream _file;
        private readonly LineReader _reader;
        private byte[]? _line;

        public LineFile(string path)
        {
            _file = new FileStream(path, FileMode.Open, FileAccess.Read);
            _reader = new(_file);
            Next();
        }

        /// <summary>Copies all lines that come before this id, and leaves out one that has it.</summary>
        public void CopyTo(Stream target, string id)
        {
            for (; _line is not null; Next())
            {
                var order = string.CompareOrdinal(System.Text.Encoding.ASCII.GetString(_line, IdAt, 2 * VoucherId.Length), id);
                if (order > 0)
                    return;
                if (order < 0)
                    target.Write([.. _line, (byte)'\n']);
            }
        }

        /// <summary>Copies the rest.</summary>
        public void CopyTo(Stream target)
        {
            for (; _line is not null; Next())
                target.Write([.. _line, (byte)'\n']);
        }

        public void Dispose() => _file.Dispose();

        private void Next() => _line = _reader.TryRead(out var line) ? line.ToArray() : null;
    }
}
