using System.Runtime.ExceptionServices;

namespace ModelOptimizer.Evaluation.Gauging;

/// <summary>Does several things at once, and fails like the first of them that failed.</summary>
internal static class SideBySide
{
    public static void For(int count, Action<int> work)
    {
        try
        {
            Parallel.For(0, count, work);
        }
        catch (AggregateException several)
        {
            ExceptionDispatchInfo.Throw(several.InnerExceptions[0]);
        }
    }
}
