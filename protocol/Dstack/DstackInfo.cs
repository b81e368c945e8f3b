namespace Pbts.Protocol.Dstack;

/// <summary>What the dstack agent says of the machine it is in; identifiers in hex.</summary>
/// <param name="AppId">The application, whose keys these are.</param>
/// <param name="InstanceId">This machine.</param>
/// <param name="AppName">Name the operator gave.</param>
/// <param name="ComposeHash">Hash of what the machine runs.</param>
public sealed record DstackInfo(string AppId, string InstanceId, string AppName, string ComposeHash);
