using ModelOptimizer.Inference;

namespace ModelOptimizer.Evaluation;

/// <summary>Where the time of a model goes: by the operator types that the runtime runs, and by kernels.</summary>
/// <param name="Types">Slowest first.</param>
/// <param name="Kernels">Slowest first.</param>
public sealed record OperatorTimes(IReadOnlyList<OperatorTime> Types, IReadOnlyList<OperatorTime> Kernels)
{
    /// <summary>Medians over runs; those of a type are the sums of its kernels.</summary>
    public static OperatorTimes Of(IReadOnlyList<KernelTime> kernels)
    {
        var medians = kernels.Select(kernel => (kernel.Name, kernel.OpType, Time: Spread.Of(kernel.Microseconds).Median)).ToList();
        var all = medians.Sum(kernel => kernel.Time);
        return new(
            Slowest(medians.GroupBy(kernel => kernel.OpType).Select(type => Time("", type.Key, type.Count(), type.Sum(kernel => kernel.Time)))),
            Slowest(medians.Select(kernel => Time(kernel.Name, kernel.OpType, 1, kernel.Time))));

        OperatorTime Time(string name, string type, int count, double time) => new(name, type, count, time, all > 0 ? time / all : 0);
    }

    private static List<OperatorTime> Slowest(IEnumerable<OperatorTime> times) => [.. times.OrderByDescending(time => time.Microseconds)];
}

/// <summary>What an operator type, or one kernel, takes in a run.</summary>
/// <param name="Name">The runtime's name for the kernel; empty for a type.</param>
/// <param name="OpType">As the runtime runs it: <c>QLinearConv</c>, <c>FusedMatMul</c>.</param>
/// <param name="Count">How many kernels.</param>
/// <param name="Share">Of the time of all kernels.</param>
public sealed record OperatorTime(string Name, string OpType, int Count, double Microseconds, double Share);
