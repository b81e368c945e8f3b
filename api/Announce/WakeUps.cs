namespace Pbts.Api.Announce;

/// <summary>
/// Other threads are woken when this one has come to the end of a row of things, not at the first: they would find that one
/// alone, wait again, and have to be woken for the next.
/// </summary>
internal static class WakeUps
{
    [ThreadStatic]
    private static List<Action>? s_putOff;

    [ThreadStatic]
    private static bool s_puttingOff;

    /// <summary>From now on this thread puts off what it wakes others by.</summary>
    public static void PutOff()
    {
        s_putOff ??= [];
        s_puttingOff = true;
    }

    /// <summary>Wakes the others, and puts off no more.</summary>
    public static void Release()
    {
        s_puttingOff = false;
        foreach (var wake in s_putOff!)
            wake();
        s_putOff.Clear();
    }

    /// <summary>Wakes, now or when what is put off is released.</summary>
    public static void Run(Action wake)
    {
        if (s_puttingOff)
            s_putOff!.Add(wake);
        else
            wake();
    }
}
