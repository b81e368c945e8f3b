using System.Runtime.InteropServices;
using Pbts.GrainInterfaces.Swarms;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The peers of one address family, packed: compact endpoints side by side (so that an answer is a few block copies),
/// records beside them, leechers before seeders, and an open-addressing index over endpoint and identity.
/// </summary>
internal sealed class PeerTable(int stride)
{
    private byte[] _endpoints = [];
    private PeerRecord[] _records = [];

    // Linear probing; a slot holds position + 1, and 0 is free. Never more than half full.
    private int[] _index = [];

    public int Stride => stride;

    public int Count { get; private set; }

    /// <summary>Positions below this are leechers, the rest seeders.</summary>
    public int Leechers { get; private set; }

    public int Seeders => Count - Leechers;

    public ReadOnlySpan<byte> Endpoint(int position) => _endpoints.AsSpan(position * stride, stride);

    public ref PeerRecord Record(int position) => ref _records[position];

    public bool IsSeeder(int position) => position >= Leechers;

    /// <summary>Position of the peer, or -1.</summary>
    public int Find(ReadOnlySpan<byte> endpoint, ulong identity)
    {
        if (Count == 0)
            return -1;
        var mask = _index.Length - 1;
        for (var slot = Hash(endpoint, identity) & mask; _index[slot] != 0; slot = (slot + 1) & mask)
        {
            var position = _index[slot] - 1;
            if (_records[position].Identity == identity && Endpoint(position).SequenceEqual(endpoint))
                return position;
        }

        return -1;
    }

    /// <summary>Adds a peer that is not there yet and returns its position.</summary>
    public int Add(ReadOnlySpan<byte> endpoint, in PeerRecord record, bool seeder)
    {
        Grow();
        var position = Count++;
        Put(position, endpoint, record);
        Link(position);
        if (!seeder)
            position = BecomeLeecher(position);
        return position;
    }

    /// <summary>Moves the peer to the seeders or leechers and returns its new position.</summary>
    public int SetSeeder(int position, bool seeder)
    {
        if (seeder == IsSeeder(position))
            return position;
        if (!seeder)
            return BecomeLeecher(position);
        Leechers--;
        Swap(position, Leechers);
        return Leechers;
    }

    public void Remove(int position)
    {
        if (!IsSeeder(position))
            position = SetSeeder(position, true);
        Swap(position, Count - 1);
        Unlink(Count - 1);
        Count--;
        _records[Count] = default;
        Shrink();
    }

    /// <summary>Writes <paramref name="count"/> different peers chosen at random among positions below <paramref name="below"/>, and their ids where wanted.</summary>
    /// <param name="skip">Endpoint never written: the caller's own.</param>
    /// <returns>Peers written.</returns>
    public int Sample(Random random, int below, int count, ReadOnlySpan<byte> skip, Span<byte> endpoints, Span<byte> ids)
    {
        if (below == 0 || count == 0)
            return 0;

        // A random start and a random step that shares no factor with the number of peers visits each peer once, in
        // an order that differs from call to call, without a set of the peers already chosen.
        var position = random.Next(below);
        var step = RandomStep(random, below);
        var written = 0;
        for (var visited = 0; visited < below && written < count; visited++)
        {
            var endpoint = Endpoint(position);
            if (skip.Length == 0 || !endpoint.SequenceEqual(skip))
            {
                endpoint.CopyTo(endpoints[(written * stride)..]);
                if (ids.Length > 0)
                    _records[position].PeerId.Write(ids[(written * PeerId.Length)..]);
                written++;
            }

            position += step;
            if (position >= below)
                position -= below;
        }

        return written;
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

    private int BecomeLeecher(int position)
    {
        var target = Leechers++;
        Swap(position, target);
        return target;
    }

    private void Put(int position, ReadOnlySpan<byte> endpoint, in PeerRecord record)
    {
        endpoint.CopyTo(_endpoints.AsSpan(position * stride, stride));
        _records[position] = record;
    }

    private void Swap(int a, int b)
    {
        if (a == b)
            return;
        var slotA = SlotOf(a);
        var slotB = SlotOf(b);
        (_index[slotA], _index[slotB]) = (b + 1, a + 1);
        (_records[a], _records[b]) = (_records[b], _records[a]);
        Span<byte> saved = stackalloc byte[stride];
        Endpoint(a).CopyTo(saved);
        Endpoint(b).CopyTo(_endpoints.AsSpan(a * stride, stride));
        saved.CopyTo(_endpoints.AsSpan(b * stride, stride));
    }

    private int SlotOf(int position)
    {
        var mask = _index.Length - 1;
        var slot = Hash(Endpoint(position), _records[position].Identity) & mask;
        while (_index[slot] != position + 1)
            slot = (slot + 1) & mask;
        return slot;
    }

    private void Link(int position)
    {
        var mask = _index.Length - 1;
        var slot = Hash(Endpoint(position), _records[position].Identity) & mask;
        while (_index[slot] != 0)
            slot = (slot + 1) & mask;
        _index[slot] = position + 1;
    }

    private void Unlink(int position)
    {
        var mask = _index.Length - 1;
        var hole = SlotOf(position);
        _index[hole] = 0;

        // Close the gap: an entry whose home lies at or before the hole would no longer be found behind it.
        for (var slot = (hole + 1) & mask; _index[slot] != 0; slot = (slot + 1) & mask)
        {
            var moved = _index[slot] - 1;
            var home = Hash(Endpoint(moved), _records[moved].Identity) & mask;
            if (((slot - home) & mask) >= ((slot - hole) & mask))
            {
                _index[hole] = _index[slot];
                _index[slot] = 0;
                hole = slot;
            }
        }
    }

    private void Grow()
    {
        if (Count < _records.Length)
            return;
        Resize(_records.Length + Math.Max(1, _records.Length / 4));
    }

    private void Shrink()
    {
        if (Count == 0)
        {
            (_endpoints, _records, _index) = ([], [], []);
        }
        else if (_records.Length > 16 && Count < _records.Length / 4)
        {
            Resize(Count * 2);
        }
    }

    private void Resize(int capacity)
    {
        Array.Resize(ref _records, capacity);
        Array.Resize(ref _endpoints, capacity * stride);
        var slots = (int)System.Numerics.BitOperations.RoundUpToPowerOf2((uint)capacity * 2);
        if (slots == _index.Length)
            return;
        _index = new int[slots];
        for (var position = 0; position < Count; position++)
            Link(position);
    }

    private static int Hash(ReadOnlySpan<byte> endpoint, ulong identity)
    {
        // The identity is already a hash; the endpoint's last bytes (address tail and port) vary most.
        var tail = MemoryMarshal.Read<uint>(endpoint[^6..]) ^ ((ulong)MemoryMarshal.Read<ushort>(endpoint[^2..]) << 32);
        var mixed = (identity ^ tail) * 0x9E3779B97F4A7C15;
        return (int)((mixed ^ (mixed >> 29)) & 0x7FFFFFFF);
    }
}
