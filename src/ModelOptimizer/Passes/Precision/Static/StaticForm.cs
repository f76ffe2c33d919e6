namespace ModelOptimizer.Passes;

/// <summary>A form that quantize-static may leave a model in. All have the same operators with codes of the same size, and so are as fast.</summary>
/// <param name="Rounds">Of bias correction: see <see cref="BiasCorrection"/>.</param>
/// <param name="RoundsToNearest">Whether kernels have their nearest codes, and not those whose errors cancel.</param>
internal sealed record StaticForm(int Rounds, bool RoundsToNearest)
{
    /// <summary>The form that is written first.</summary>
    public static StaticForm Plain { get; } = new(0, false);

    /// <summary>What a ranges file knows it by, which no version changes.</summary>
    public string Key => (RoundsToNearest, Rounds) switch
    {
        (false, 0) => "plain",
        (true, 0) => "nearest",
        _ => $"{(RoundsToNearest ? "nearest-" : "")}biases-{Rounds}",
    };

    /// <summary>In words.</summary>
    public string Name => $"{(RoundsToNearest ? "kernels rounded to nearest and " : "")}biases {Biases}";

    private string Biases => Rounds switch { 0 => "as they were", 1 => "corrected once", _ => "corrected twice" };
}
