namespace Pbts.Protocol.Evidence;

/// <summary>What can be wrong with evidence, as auditors name it. docs/evidence.md says what each means.</summary>
public static class EvidenceFaultCodes
{
    /// <summary>The line is not as it was written.</summary>
    public const string Damaged = "damaged";

    /// <summary>No JSON object with the fields of such a line.</summary>
    public const string Malformed = "malformed";

    /// <summary>A line of this type has no business here.</summary>
    public const string Misplaced = "misplaced";

    /// <summary>The id is not the hash of what identifies the session.</summary>
    public const string WrongId = "wrong_id";

    /// <summary>The id is not above the one before: a session twice, or lines in disorder.</summary>
    public const string OutOfOrder = "out_of_order";

    /// <summary>A number is out of range.</summary>
    public const string WrongNumber = "wrong_number";

    /// <summary>Not exactly one of the two keys is the member's.</summary>
    public const string NotTheMembers = "not_the_members";

    /// <summary>Signed after the member's key was replaced.</summary>
    public const string KeyRetired = "key_retired";

    /// <summary>The receiver has not signed this.</summary>
    public const string BadSignature = "bad_signature";

    /// <summary>The vouchers do not come to what the first line says of them.</summary>
    public const string WrongSum = "wrong_sum";

    /// <summary>The parts do not come to the total.</summary>
    public const string WrongTotal = "wrong_total";

    /// <summary>More was anchored of a member than its totals are: they only rise.</summary>
    public const string AnchoredTotal = "anchored_total";

    /// <summary>A leaf is of nobody, or not of the member with its keys and salt.</summary>
    public const string WrongLeaf = "wrong_leaf";

    /// <summary>The leaves do not lead to the root that was anchored.</summary>
    public const string WrongRoot = "wrong_root";

    /// <summary>The end is missing, or is not the end.</summary>
    public const string CutOff = "cut_off";
}
