namespace Pbts.Experiments;

/// <summary>Where the user sees how far it is.</summary>
internal interface IProgressView
{
    /// <summary>Something began or came to an end.</summary>
    /// <param name="text">One line.</param>
    /// <param name="done">From 0 to 1.</param>
    /// <param name="secondsLeft">A guess.</param>
    void Show(string text, double done, double secondsLeft);
}
