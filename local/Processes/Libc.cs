using System.Runtime.InteropServices;

namespace Pbts.Local.Processes;

/// <summary>What .NET has no name for.</summary>
internal static partial class Libc
{
    [LibraryImport("libc", EntryPoint = "kill")]
    public static partial int Kill(int pid, int signal);

    [LibraryImport("libc", EntryPoint = "geteuid")]
    public static partial uint EffectiveUser();
}
