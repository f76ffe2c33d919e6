using System.Runtime.ExceptionServices;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>Does several things at once, and fails like the first of them that failed.</summary>
internal static class SideBySide
{
    /// <summary>How many sessions of a model, each with weights of its own, stay below a ceiling: one at least, and no more than there are cores.</summary>
    public static int Fitting(OnnxModel model, long ceiling)
    {
        var bytes = GraphWalker.Graphs(model).SelectMany(graph => graph.Initializers).Sum(value => value.Initializer!.ByteCount);
        return (int)Math.Clamp(ceiling / Math.Max(1, bytes), 1, Cores.Count);
    }

    public static void For(int count, Action<int> work)
    {
        try
        {
            Cores.For(0, count, work);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
