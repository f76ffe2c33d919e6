using ModelOptimizer.Tool;

// The one answer that needs no command line to be built.
if (args is ["--version"])
{
    Console.Out.WriteLine(ToolVersion.Text);
    return 0;
}

using var streams = ConsoleStreams.OfProcess();
return await CommandLine.RunAsync(args, streams);
