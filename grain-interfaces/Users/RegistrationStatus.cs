namespace Pbts.GrainInterfaces.Users;

/// <summary>What became of a registration or a change of key.</summary>
public enum RegistrationStatus
{
    /// <summary>Done, durably.</summary>
    Done,

    /// <summary>The user id is taken.</summary>
    UserExists,

    /// <summary>Another user has proved to hold the key.</summary>
    KeyTaken,

    /// <summary>A signature does not hold.</summary>
    BadSignature,

    /// <summary>The key is no valid point.</summary>
    BadKey,

    /// <summary>No such user.</summary>
    UnknownUser,

    /// <summary>The user has not proved possession of its key, so it cannot replace it.</summary>
    Unproven,

    /// <summary>The signed time is too far from now.</summary>
    BadTime,

    /// <summary>Too many requests wait for verification.</summary>
    Busy,

    /// <summary>Members come by invite here, and none was given.</summary>
    InviteNeeded,

    /// <summary>There is no such invite, or it is used up, expired or revoked.</summary>
    BadInvite,

    /// <summary>Only the administration registers members here.</summary>
    NotOpen,
}
