namespace ModelOptimizer.Profiles;

/// <summary>A place inside a profile, as a human would say it: <c>passes[2].quantize-weights.bits</c>.</summary>
internal readonly record struct KeyPath(string Text)
{
    public static readonly KeyPath Root = new("");

    public KeyPath Key(string key) => new(Text.Length == 0 ? key : $"{Text}.{key}");

    public KeyPath Item(int index) => new($"{Text}[{index}]");

    /// <summary>The message with the place in front; a sentence where there is none.</summary>
    public string Say(string message) => Text.Length == 0 ? char.ToUpperInvariant(message[0]) + message[1..] : $"{Text}: {message}";

    public override string ToString() => Text;
}
