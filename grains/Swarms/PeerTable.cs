using System.Numerics;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Pbts.Grains.Swarms;

/// <summary>
/// The peers of one address family, packed: compact endpoints side by side, records beside them, ordered by role. Peers of
/// one address are linked in a circle (where addresses are not limited, those of one endpoint), and an open-addressing index
/// finds the circle, which is short. What a client chooses for itself is no part of the index.
/// </summary>
internal sealed partial class PeerTable(int stride, SwarmRules rules)
{
    // For each peer its compact endpoint and its AddressShare: what a sample looks at.
    private byte[] _entries = [];
    private PeerRecord[] _records = [];

    // Linear probing; a slot holds the position of one peer of a circle + 1, and 0 is free. Never more than half full.
    private int[] _index = [];

    // Peers of a role end where the next role's begin.
    private Ends _ends;

    private int _unswept;

    public int Stride => stride;

    /// <summary>Peers that are listed.</summary>
    public int Count => _ends[(int)PeerRole.Seeder];

    public int Incomplete => _ends[(int)PeerRole.PartialSeed];

    /// <summary>Incomplete peers that are downloading.</summary>
    public int Leechers => _ends[(int)PeerRole.Leecher];

    public int Seeders => Count - Incomplete;

    /// <summary>With those that are silent.</summary>
    public int All => _ends[(int)PeerRole.Silent];

    public ReadOnlySpan<byte> Endpoint(int position) => _entries.AsSpan(position * EntryLength, stride);

    public ref PeerRecord Record(int position) => ref _records[position];

    public PeerRole RoleAt(int position) =>
        position < Incomplete ? position < Leechers ? PeerRole.Leecher : PeerRole.PartialSeed
        : position < Count ? PeerRole.Seeder : PeerRole.Silent;

    /// <summary>Position of the peer, or -1.</summary>
    public int Find(ReadOnlySpan<byte> endpoint, ulong identity)
    {
        var first = FirstOfGroup(endpoint);
        for (var position = first; position >= 0; position = After(position, first))
        {
            if (_records[position].Identity == identity && Endpoint(position).SequenceEqual(endpoint))
                return position;
        }

        return -1;
    }

    /// <summary>The peer that has to go before one more of this endpoint's group may come: the one not seen for longest; -1 when there is room.</summary>
    public int FindCrowded(ReadOnlySpan<byte> endpoint)
    {
        var first = FirstOfGroup(endpoint);
        var (count, oldest) = (0, first);
        for (var position = first; position >= 0; position = After(position, first))
        {
            count++;
            if (_records[position].LastSeen < _records[oldest].LastSeen)
                oldest = position;
        }

        return count < rules.PeersPerGroup ? -1 : oldest;
    }

    /// <summary>Another peer that is listed under the same endpoint, or -1.</summary>
    public int FindSpeaker(int of)
    {
        for (var position = _records[of].Next; position != of; position = _records[position].Next)
        {
            if (position < Count && Endpoint(position).SequenceEqual(Endpoint(of)))
                return position;
        }

        return -1;
    }

    /// <summary>The silent peer of this endpoint that was seen last, or -1.</summary>
    public int FindHeir(ReadOnlySpan<byte> endpoint)
    {
        var first = FirstOfGroup(endpoint);
        var heir = -1;
        for (var position = first; position >= 0; position = After(position, first))
        {
            if (position >= Count && (heir < 0 || _records[position].LastSeen >= _records[heir].LastSeen) && Endpoint(position).SequenceEqual(endpoint))
                heir = position;
        }

        return heir;
    }

    /// <summary>Adds a peer that is not there yet, silent for the time being, and returns its position.</summary>
    public int Add(ReadOnlySpan<byte> endpoint, in PeerRecord record)
    {
        if (All == _records.Length)
            Resize(_records.Length + Math.Max(1, _records.Length / 4));
        var position = _ends[(int)PeerRole.Silent]++;
        endpoint.CopyTo(Entry(position));
        _records[position] = record;
        Link(position);
        return position;
    }

    /// <summary>Gives the peer another role and returns its new position. Others move too.</summary>
    public int Move(int position, PeerRole to)
    {
        var role = RoleAt(position);
        if (role == to)
            return position;
        for (; role < to; role++)
            position = SwapWith(--_ends[(int)role]);
        for (; role > to; role--)
            position = SwapWith(_ends[(int)role - 1]++);
        ChooseFronts(position);
        return position;

        int SwapWith(int other)
        {
            Swap(position, other);
            return other;
        }
    }

    /// <summary>Takes the peer out. Others move.</summary>
    public void Remove(int position)
    {
        position = Move(position, PeerRole.Silent);
        Swap(position, All - 1);
        Unlink(All - 1);
        _records[--_ends[(int)PeerRole.Silent]] = default;
        if (All == 0)
            (_entries, _records, _index) = ([], [], []);
        else if (_records.Length > 16 && All < _records.Length / 4)
            Resize(All * 2);
    }

    /// <summary>Lets <see cref="NextUnswept"/> begin again.</summary>
    public void BeginSweep() => _unswept = All;

    /// <summary>The next position to look at, or -1. What is removed there is replaced by peers already looked at.</summary>
    public int NextUnswept() => _unswept = Math.Min(_unswept, All) - 1;

    /// <summary>Where the search for an endpoint's group begins. The hash has a secret of the process.</summary>
    internal static int Hash(ReadOnlySpan<byte> group) => string.GetHashCode(MemoryMarshal.Cast<byte, char>(group)) & int.MaxValue;

    private int EntryLength => stride + 1;

    private Span<byte> Entry(int position) => _entries.AsSpan(position * EntryLength, EntryLength);

    private ref AddressShare Share(int position) => ref Unsafe.As<byte, AddressShare>(ref _entries[(position * EntryLength) + stride]);

    private ReadOnlySpan<byte> Group(ReadOnlySpan<byte> endpoint) => endpoint[..rules.GroupLength(stride)];

    private int After(int position, int first) => _records[position].Next is var next && next == first ? -1 : next;

    private int FirstOfGroup(ReadOnlySpan<byte> endpoint) => _index.Length == 0 ? -1 : _index[SlotOf(endpoint)] - 1;

    /// <summary>The slot of the endpoint's group, or the free one where it would go.</summary>
    private int SlotOf(ReadOnlySpan<byte> endpoint)
    {
        var group = Group(endpoint);
        var mask = _index.Length - 1;
        var slot = Hash(group) & mask;
        while (_index[slot] is > 0 and var first && !Endpoint(first - 1).StartsWith(group))
            slot = (slot + 1) & mask;
        return slot;
    }

    private int Before(int position)
    {
        var before = position;
        while (_records[before].Next != position)
            before = _records[before].Next;
        return before;
    }

    private void Swap(int a, int b)
    {
        if (a == b)
            return;
        ref var slotA = ref _index[SlotOf(Endpoint(a))];
        ref var slotB = ref _index[SlotOf(Endpoint(b))];
        var (firstA, firstB) = (slotA, slotB);
        slotA = Swapped(firstA - 1, a, b) + 1;
        slotB = Swapped(firstB - 1, a, b) + 1;
        var (beforeA, beforeB) = (Before(a), Before(b));
        (_records[beforeA].Next, _records[beforeB].Next) = (b, a);
        (_records[a], _records[b]) = (_records[b], _records[a]);
        Span<byte> saved = stackalloc byte[EntryLength];
        Entry(a).CopyTo(saved);
        Entry(b).CopyTo(Entry(a));
        saved.CopyTo(Entry(b));

        // A member whose peers are both of these has both seats looked at once only.
        var (memberA, memberB) = (_records[a].Session?.Member, _records[b].Session?.Member);
        Reseat(memberA, a, b);
        if (memberB != memberA)
            Reseat(memberB, a, b);
    }

    private static int Swapped(int position, int a, int b) => position == a ? b : position == b ? a : position;

    private void Reseat(SwarmMember? member, int a, int b)
    {
        if (member is null)
            return;
        foreach (ref var seat in member.Positions(stride))
            seat = Swapped(seat, a, b);
    }

    private void Link(int position)
    {
        ref var first = ref _index[SlotOf(Endpoint(position))];
        if (first == 0)
        {
            first = position + 1;
            _records[position].Next = position;
            Share(position) = AddressShare.Alone;
            return;
        }

        var last = Before(first - 1);
        _records[position].Next = first - 1;
        _records[last].Next = position;
        ChooseFronts(position);
    }

    private void Unlink(int position)
    {
        var slot = SlotOf(Endpoint(position));
        var next = _records[position].Next;
        if (next == position)
        {
            Free(slot);
            return;
        }

        _records[Before(position)].Next = next;
        if (_index[slot] == position + 1)
            _index[slot] = next + 1;
        ChooseFronts(next);
    }

    private void Free(int hole)
    {
        var mask = _index.Length - 1;
        _index[hole] = 0;

        // Close the gap: an entry whose home lies at or before the hole would no longer be found behind it.
        for (var slot = (hole + 1) & mask; _index[slot] != 0; slot = (slot + 1) & mask)
        {
            var home = Hash(Group(Endpoint(_index[slot] - 1))) & mask;
            if (((slot - home) & mask) >= ((slot - hole) & mask))
            {
                _index[hole] = _index[slot];
                _index[slot] = 0;
                hole = slot;
            }
        }
    }

    private void Resize(int capacity)
    {
        Array.Resize(ref _records, capacity);
        Array.Resize(ref _entries, capacity * EntryLength);
        var slots = (int)BitOperations.RoundUpToPowerOf2((uint)capacity * 2);
        if (slots == _index.Length)
            return;
        var firsts = _index;
        _index = new int[slots];
        foreach (var first in firsts)
        {
            if (first > 0)
                _index[SlotOf(Endpoint(first - 1))] = first;
        }
    }

    [InlineArray(4)]
    private struct Ends
    {
        private int _end;
    }
}
