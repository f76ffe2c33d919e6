using Microsoft.Build.Logging.StructuredLogger;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A build at work.</summary>
internal sealed class RunningBuild(RunningProcess process, string binlog)
{
    public bool HasEnded => process.HasEnded;

    /// <summary>What Ctrl+C does.</summary>
    public void Interrupt() => process.Interrupt();

    /// <summary>Waits for it to end by itself.</summary>
    public BuildLog End() => new(process.End(), BinaryLog.ReadBuild(binlog));

    /// <summary>Waits for the end of a build that was interrupted, which leaves no whole log.</summary>
    public ProcessResult EndInterrupted() => process.End();
}
