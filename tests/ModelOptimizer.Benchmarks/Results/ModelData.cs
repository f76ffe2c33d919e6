namespace ModelOptimizer.Benchmarks.Results;

/// <summary>The data that lies beside a real model; one whose weights lie in a file of their own has the same as the one it was made from.</summary>
/// <param name="Model">The model's path.</param>
internal sealed record ModelData(string Model)
{
    public string Name => Path.GetFileNameWithoutExtension(Model);

    public string Calibration => Find("calib.npz");

    public string Evaluation => Find("eval.npz");

    /// <summary>What the classes of a text recognizer write.</summary>
    public string Keys => Find("keys.json");

    private string Find(string suffix) =>
        new[] { Name, Name.Replace("-external", "") }.Select(name => Path.Combine(Path.GetDirectoryName(Model)!, $"{name}.{suffix}")).FirstOrDefault(File.Exists)
        ?? throw new InvalidOperationException($"{Name} has no {suffix}");
}
