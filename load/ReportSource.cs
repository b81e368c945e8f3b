using Pbts.Peer;

namespace Pbts.Load;

/// <summary>Signed statements that nobody has seen before, each worth the same to one sender; and whether all of them were credited. Thread safe.</summary>
/// <param name="sender">Who is credited.</param>
/// <param name="what">What they are, in the plural.</param>
public abstract class ReportSource(LoadMember sender, string what)
{
    /// <summary>Bytes that each of them is worth.</summary>
    public const long PieceSize = 16384;

    private int _made;

    /// <summary>What they are, in the plural.</summary>
    public string What => what;

    /// <summary>How many were made.</summary>
    public long Made => _made;

    /// <summary>Who is credited.</summary>
    protected LoadMember Sender => sender;

    /// <summary>As many new ones as the body of a report, so that writing it is not timed.</summary>
    public abstract byte[] NextReport(int count);

    /// <summary>Whether the tracker credited everything that was made, once.</summary>
    /// <exception cref="LoadException">It did not.</exception>
    public async Task CheckCreditedAsync(TrackerClient tracker)
    {
        var answer = await tracker.GetAsync($"user/{sender.UserId}", CancellationToken.None);
        var uploaded = answer is { IsSuccess: true, Body: { } body } ? body.GetProperty("total_uploaded").GetInt64() : throw new LoadException($"/user: {answer.Error}");
        if (uploaded != Made * PieceSize)
            throw new LoadException($"{uploaded} bytes were credited for {Made} {what} of {PieceSize} bytes");
    }

    /// <summary>Numbers that nobody else gets.</summary>
    protected IEnumerable<int> Number(int count) => Enumerable.Range(Interlocked.Add(ref _made, count) - count, count);
}
