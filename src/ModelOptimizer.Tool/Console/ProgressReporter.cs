using Spectre.Console;

namespace ModelOptimizer.Tool;

/// <summary>
/// Shows the step at work: a spinner where someone watches, a line each with <c>--verbose</c>, nothing otherwise. Every step is
/// also a chance to stop.
/// </summary>
internal sealed class ProgressReporter(CommandContext context, Action<string> show) : IProgress<string>
{
    public void Report(string value)
    {
        context.Cancellation.ThrowIfCancellationRequested();
        show(value);
    }

    /// <summary>Runs work that tells its steps.</summary>
    public static T Run<T>(CommandContext context, Func<IProgress<string>, T> work)
    {
        if (!context.IsWatched)
            return work(new ProgressReporter(context, step => context.Detail($"{step} …")));
        var console = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(context.Streams.Error), Interactive = InteractionSupport.Yes });
        return console.Status().Start("…", status => work(new ProgressReporter(context, step => status.Status(Markup.Escape(step)))));
    }
}
