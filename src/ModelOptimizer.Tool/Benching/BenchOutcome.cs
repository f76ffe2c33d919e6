using ModelOptimizer.Evaluation;

namespace ModelOptimizer.Tool;

/// <summary>The JSON of <c>bench</c>.</summary>
/// <param name="Inputs">Where the inputs come from, in words.</param>
/// <param name="Generated">True when they are made up.</param>
/// <param name="Samples">How many different ones.</param>
/// <param name="Batch">Rows per run.</param>
internal sealed record BenchOutcome(
    int SchemaVersion, string Runtime, string Inputs, bool Generated, int Samples, int Batch, IReadOnlyList<BenchRun> Runs);

/// <summary>What was measured with one number of threads.</summary>
internal sealed record BenchRun(int Threads, int Rounds, IReadOnlyList<BenchedModel> Models)
{
    /// <param name="operators">By model; null when nobody asked.</param>
    /// <param name="memory">By model; null where it can't be measured.</param>
    public static BenchRun Of(int threads, int rounds, IReadOnlyList<string> names, IReadOnlyList<ModelLatency> models,
        IReadOnlyList<OperatorTimes>? operators, IReadOnlyList<MemoryUse?> memory) =>
        new(threads, rounds, [.. models.Select((model, i) => BenchedModel.Of(names[i], model, operators?[i]) with { Memory = memory[i] })]);
}

/// <summary>Copying inputs and outputs is part of a run.</summary>
/// <param name="Ratio">Time ÷ the first model's in the same round: median.</param>
/// <param name="RatioLow">Lower quartile.</param>
/// <param name="RatioHigh">Upper quartile.</param>
/// <param name="LoadMs">What the runtime took to open the model, once.</param>
/// <param name="Operators">By the type that the runtime runs, slowest first.</param>
/// <param name="Kernels">One by one, slowest first.</param>
internal sealed record BenchedModel(string Model, double MedianMs, double P95Ms, double RowsPerSecond, double Ratio, double RatioLow, double RatioHigh,
    double LoadMs, IReadOnlyList<BenchedOperator>? Operators, IReadOnlyList<BenchedOperator>? Kernels)
{
    /// <summary>Of a process of its own; absent where it can't be measured.</summary>
    public MemoryUse? Memory { get; init; }

    public static BenchedModel Of(string name, ModelLatency model, OperatorTimes? operators) => new(
        name, model.Median.TotalMilliseconds, model.Percentile95.TotalMilliseconds, model.RowsPerSecond, model.Ratio.Median, model.Ratio.Low, model.Ratio.High,
        model.LoadTime.TotalMilliseconds, operators?.Types.Select(BenchedOperator.Of).ToList(), operators?.Kernels.Select(BenchedOperator.Of).ToList());
}

/// <param name="Name">The runtime's name for the kernel; absent for a type.</param>
/// <param name="Count">How many kernels.</param>
/// <param name="Share">Of the time of all kernels of the model.</param>
internal sealed record BenchedOperator(string Operator, string? Name, int Count, double Microseconds, double Share)
{
    public static BenchedOperator Of(OperatorTime time) =>
        new(time.OpType, time.Name.Length == 0 ? null : time.Name, time.Count, time.Microseconds, time.Share);
}
