using CsCheck;
using Pbts.Protocol.Trust;

namespace Pbts.Tracker.Tests.Trust;

/// <summary>What nobody gets around, on random graphs: whatever colluders sign, they get no more than what comes into them from outside.</summary>
public sealed class TrustWalkTests
{
    private const int Most = 14;

    private static readonly double[] Passages = [0.01, 0.1, 1, 1000];
    private static readonly long[] FullVoices = [1, 1000, 1L << 30];

    private static readonly Gen<TrustParameters> Parameters = Gen.Select(Gen.Double[0.05, 0.95], Gen.Int[0, 3].Select(i => Passages[i]), Gen.Int[0, 2].Select(i => FullVoices[i]))
        .Select((decay, passage, full) => new TrustParameters { Decay = decay, Passage = passage, FullVoice = full });

    private static readonly Gen<TrustEdge[]> Edges = Gen.Select(Gen.Int[0, Most - 1], Gen.Int[0, Most - 1], Gen.OneOf(Gen.Long[0, 100], Gen.Long[1, 1L << 40], Gen.Const(long.MaxValue)))
        .Select((receiver, sender, bytes) => new TrustEdge(receiver, sender, bytes)).Array[0, 60];

    private static readonly Gen<int[]> Some = Gen.Int[0, Most - 1].Array[1, 6].Select(members => members.Distinct().ToArray());

    [Fact]
    public void Colluders_get_no_more_than_what_came_in_if_they_signed_nothing() => Gen.Select(Edges, Some, Some, Parameters).Sample(
        (edges, seeds, colluders, parameters) =>
        {
            seeds = [.. seeds.Except(colluders)];
            var voices = Run(edges, seeds, parameters);
            var flow = Run([.. edges.Where(edge => !colluders.Contains(edge.Receiver))], seeds, parameters);
            // Of what comes in to one that signs nothing, the decay ends there.
            var comesIn = colluders.Sum(colluder => flow[colluder]) / parameters.Decay;
            var got = colluders.Sum(colluder => voices[colluder]);
            Assert.True(got <= comesIn + 1e-9, $"{got} of {comesIn}");
        }, iter: 20_000);

    [Fact]
    public void The_bound_is_reached_and_no_more_by_any_number_of_accounts_with_any_bytes()
    {
        // A seed that received from a colluder alone, whose accounts sign for each other only.
        foreach (var accounts in (int[])[2, 3, 50, 1000])
        {
            foreach (var bytes in (long[])[1, 1L << 40, long.MaxValue])
            {
                TrustEdge[] edges = [new(0, 1, 100), .. Enumerable.Range(1, accounts).Select(i => new TrustEdge(i, 1 + (i % accounts), bytes))];
                var voices = TrustWalk.Run(new TrustGraph(1 + accounts, edges), [0], new() { Decay = 0.5, Passage = 1000, FullVoice = 1 });
                Assert.Equal(0.5, voices.Sum(), 9);
            }
        }
    }

    [Fact]
    public void An_account_gains_nothing_by_being_many() => Gen.Select(Edges, Some, Gen.Int[0, Most - 1], Gen.Int[0, 3].Array[60], Parameters).Sample(
        (edges, seeds, one, parts, parameters) =>
        {
            // Of each edge to it a part, of none to all of the bytes, goes to one of three other accounts instead; it signs nothing.
            edges = [.. edges.Where(edge => edge.Receiver != one)];
            seeds = [.. seeds.Except([one])];
            var split = edges.SelectMany((edge, i) => edge.Sender != one ? [edge] : new[] { edge with { Bytes = edge.Bytes - (edge.Bytes / 3 * parts[i]) }, edge with { Sender = Most + (i % 3), Bytes = edge.Bytes / 3 * parts[i] } }).ToArray();
            var (whole, many) = (Run(edges, seeds, parameters), Run(split, seeds, parameters, Most + 3));
            Assert.InRange(many[one] + many[Most] + many[Most + 1] + many[Most + 2] - whole[one], -1e-9, 1e-9);
        }, iter: 5_000);

    [Fact]
    public void Through_one_member_no_more_passes_than_it_may_hand_on() => Gen.Select(Edges, Some, Edges, Parameters).Sample(
        (edges, seeds, behind, parameters) =>
        {
            // All that is behind is reached through the last member alone, which is no seed.
            const int Cut = Most - 1;
            seeds = [.. seeds.Except([Cut])];
            TrustEdge[] all = [.. edges.Where(edge => edge.Receiver != Cut), .. behind.Select(edge => new TrustEdge(Cut + edge.Receiver, Cut + edge.Sender, edge.Bytes))];
            var voices = Run(all, seeds, parameters, (2 * Most) - 1);
            Assert.True(voices.Skip(Most).Sum() <= ((1 - parameters.Decay) * parameters.Passage) + 1e-9);
        }, iter: 5_000);

    [Fact]
    public void What_is_downloaded_and_signed_for_brings_nothing()
    {
        // A colluder buys from everybody, everybody from each other.
        TrustEdge[] honest = [.. from one in Enumerable.Range(0, 8) from other in Enumerable.Range(0, 8) where one != other select new TrustEdge(one, other, 1 + one + (other * 7))];
        TrustEdge[] buys = [.. Enumerable.Range(0, 8).Select(i => new TrustEdge(8, i, 1L << 40))];
        var (without, with) = (TrustWalk.Run(new(9, honest), [0]), TrustWalk.Run(new(9, [.. honest, .. buys]), [0]));
        Assert.Equal(without, with);
        Assert.Equal(0, with[8]);
    }

    [Fact]
    public void Real_bytes_to_a_seed_earn_by_the_byte_up_to_its_voice()
    {
        foreach (var (given, voice) in ((long, double)[])[(1, 1.0 / (10L << 30)), (1L << 30, 0.1), (5L << 30, 0.5), (10L << 30, 1), (100L << 30, 1)])
            Assert.Equal(0.5 * 0.5 * voice, TrustWalk.Run(new(2, [new(0, 1, given)]), [0])[1], 12);
        // Who gave three times as much of it got three times as much.
        var voices = TrustWalk.Run(new(3, [new(0, 1, 75L << 30), new(0, 2, 25L << 30)]), [0]);
        Assert.Equal([0, 0.1875, 0.0625], voices);
    }

    [Fact]
    public void The_same_input_gives_the_same_to_the_last_bit_in_whatever_order() => Gen.Select(Edges, Some, Gen.Int).Sample((edges, seeds, shuffle) =>
    {
        // Of one pair one edge, as the ledger gives them.
        edges = [.. edges.DistinctBy(edge => (edge.Receiver, edge.Sender))];
        var other = edges.ToArray();
        new Random(shuffle).Shuffle(other);
        Assert.Equal(Run(edges, seeds, TrustParameters.Default), Run(other, [.. seeds.Reverse()], TrustParameters.Default));
    }, iter: 2_000);

    [Fact]
    public void A_graph_with_members_that_there_are_not_and_parameters_that_make_no_sense_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrustGraph(2, [new(0, 2, 1)]));
        Assert.Throws<ArgumentOutOfRangeException>(() => new TrustGraph(2, [new(-1, 0, 1)]));
        foreach (var wrong in (TrustParameters[])[new() { Decay = 0 }, new() { Decay = 1 }, new() { Passage = 0 }, new() { FullVoice = 0 }, new() { Decay = double.NaN }])
            Assert.Throws<ArgumentOutOfRangeException>(() => TrustWalk.Run(new(1, []), [0], wrong));
        Assert.Empty(TrustWalk.Run(new(0, []), []));
    }

    private static double[] Run(TrustEdge[] edges, int[] seeds, TrustParameters parameters, int members = Most) => TrustWalk.Run(new TrustGraph(members, edges), seeds, parameters);
}
