using ModelOptimizer.Onnx;

namespace ModelOptimizer.Pruning;

/// <summary>
/// Where a Reshape cuts one axis into several, or makes one of several, only one of the several can become narrower: with it go, of the one axis, as
/// many channels as the others have places. Which one shows when all that depends on it has been looked at: the first is tried first.
/// </summary>
internal sealed class AxisChoices
{
    private readonly Dictionary<(Node, int), Choice> _choices = [];
    private readonly List<Choice> _inOrder = [];

    /// <summary>Which of the axes becomes narrower this time.</summary>
    /// <param name="node">The Reshape.</param>
    /// <param name="place">Which of its cuts.</param>
    /// <param name="axes">The several axes.</param>
    public int Of(Node node, int place, IReadOnlyList<ChannelRange> axes)
    {
        if (!_choices.TryGetValue((node, place), out var choice))
            _inOrder.Add(_choices[(node, place)] = choice = new Choice());
        choice.Channel = axes[choice.Taken][0];
        choice.Last = axes.Count - 1;
        return choice.Taken;
    }

    /// <summary>Takes the next axis where the one that was taken has to stay.</summary>
    /// <returns>False when no choice is left that could make more channels free.</returns>
    public bool Reconsider(ChannelClasses classes)
    {
        var stuck = _inOrder.Where(choice => choice.Taken < choice.Last && classes.AnchorOf(choice.Channel) is not null).ToList();
        // What is held only by choices elsewhere may be free once those are others.
        var turned = stuck.Where(choice => !classes.AnchorOf(choice.Channel)!.IsInner).ToList();
        foreach (var choice in turned.Count > 0 ? turned : stuck)
            choice.Taken++;
        return stuck.Count > 0;
    }

    private sealed class Choice
    {
        public int Taken { get; set; }

        public int Last { get; set; }

        public int Channel { get; set; }
    }
}
