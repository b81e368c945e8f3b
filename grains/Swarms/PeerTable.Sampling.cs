using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <content>Random choices of peers in which no address counts for more than another.</content>
internal sealed partial class PeerTable
{
    private uint _draw;

    /// <summary>
    /// Writes <paramref name="count"/> different peers chosen at random, and their ids where wanted: one of each address first,
    /// and more of them only when there are not as many addresses.
    /// </summary>
    /// <param name="below">End of the positions to choose from: <see cref="Leechers"/> or <see cref="Count"/>.</param>
    /// <param name="skip">Endpoint never written: the caller's own.</param>
    /// <returns>Peers written.</returns>
    public int Sample(Random random, int below, int count, ReadOnlySpan<byte> skip, Span<byte> endpoints, Span<byte> ids)
    {
        if (below == 0 || count == 0)
            return 0;
        var draw = ++_draw;
        var front = below == Leechers ? AddressShare.FrontOfLeechers : AddressShare.FrontOfListed;

        // A random start and a random step that shares no factor with the number of peers visits each peer once, in
        // an order that differs from call to call, without a set of the peers already chosen.
        var position = random.Next(below);
        var step = RandomStep(random, below);
        var (written, crowded) = (0, false);
        for (var visited = 0; visited < below && written < count; visited++, position = position + step >= below ? position + step - below : position + step)
        {
            var chosen = position;
            if (Share(position) is not AddressShare.Alone and var share)
            {
                crowded = true;
                chosen = (share & front) != 0 ? ChooseOfAddress(random, position, below, skip) : -1;
                if (chosen < 0)
                    continue;
                _records[chosen].Drawn = draw;
            }

            if (skip.Length == 0 || !Endpoint(chosen).SequenceEqual(skip))
                Write(chosen, written++, endpoints, ids);
        }

        for (var visited = 0; crowded && visited < below && written < count; visited++, position = position + step >= below ? position + step - below : position + step)
        {
            if (Share(position) != AddressShare.Alone && _records[position].Drawn != draw && (skip.Length == 0 || !Endpoint(position).SequenceEqual(skip)))
                Write(position, written++, endpoints, ids);
        }

        return written;
    }

    private void Write(int position, int place, Span<byte> endpoints, Span<byte> ids)
    {
        Endpoint(position).CopyTo(endpoints[(place * stride)..]);
        if (ids.Length > 0)
            _records[position].PeerId.Write(ids[(place * PeerId.Length)..]);
    }

    /// <summary>Any peer of the address that may be given, or -1.</summary>
    private int ChooseOfAddress(Random random, int first, int below, ReadOnlySpan<byte> skip)
    {
        var (chosen, seen) = (-1, 0);
        for (var position = first; position >= 0; position = After(position, first))
        {
            if (position < below && !(skip.Length > 0 && Endpoint(position).SequenceEqual(skip)) && random.Next(++seen) == 0)
                chosen = position;
        }

        return chosen;
    }

    /// <summary>Names the peers that stand for their address. One that is alone needs no naming.</summary>
    private void ChooseFronts(int first)
    {
        if (_records[first].Next == first)
        {
            Share(first) = AddressShare.Alone;
            return;
        }

        var missing = AddressShare.FrontOfListed | AddressShare.FrontOfLeechers;
        for (var position = first; position >= 0; position = After(position, first))
        {
            var able = position < Leechers ? AddressShare.FrontOfListed | AddressShare.FrontOfLeechers
                : position < Count ? AddressShare.FrontOfListed : AddressShare.Alone;
            Share(position) = AddressShare.Crowded | (able & missing);
            missing &= ~able;
        }
    }

    private static int RandomStep(Random random, int modulus)
    {
        if (modulus < 3)
            return 1;
        for (var step = random.Next(1, modulus); ; step = random.Next(1, modulus))
        {
            if (GreatestCommonDivisor(step, modulus) == 1)
                return step;
        }
    }

    private static int GreatestCommonDivisor(int a, int b)
    {
        while (b != 0)
            (a, b) = (b, a % b);
        return a;
    }
}
