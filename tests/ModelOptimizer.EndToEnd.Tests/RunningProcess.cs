using System.Diagnostics;
using System.Globalization;
using System.Text;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>A process at work, and what it said up to now.</summary>
internal sealed class RunningProcess : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(10);

    private readonly StringBuilder _output = new();
    private readonly Process _process;

    public RunningProcess(ProcessStartInfo start)
    {
        _process = new Process { StartInfo = start };
        _process.OutputDataReceived += (_, e) => Append(e.Data);
        _process.ErrorDataReceived += (_, e) => Append(e.Data);
        _process.Start();
        _process.BeginOutputReadLine();
        _process.BeginErrorReadLine();
    }

    public bool HasEnded => _process.HasExited;

    /// <summary>Sends SIGINT, as a terminal does, but to this process alone.</summary>
    public void Interrupt() => Process.Start("kill", ["-INT", _process.Id.ToString(CultureInfo.InvariantCulture)]).WaitForExit();

    public ProcessResult End()
    {
        if (!_process.WaitForExit(Patience))
        {
            _process.Kill(entireProcessTree: true);
            Assert.Fail($"dotnet {string.Join(' ', _process.StartInfo.ArgumentList)} did not end:\n{_output}");
        }
        _process.WaitForExit();
        var result = new ProcessResult(_process.ExitCode, _output.ToString());
        Dispose();
        return result;
    }

    public void Dispose() => _process.Dispose();

    private void Append(string? line)
    {
        lock (_output)
            if (line is not null)
                _output.Append(line).Append('\n');
    }
}
