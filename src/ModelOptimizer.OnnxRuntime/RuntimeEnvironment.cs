using Microsoft.ML.OnnxRuntime;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>
/// The runtime's process-wide side, set before first use: it writes its own log to standard error, where only our messages belong (what matters comes
/// as exceptions), and from 1.29 on its official builds send telemetry from every system, which must not happen in anybody's build.
/// </summary>
internal static class RuntimeEnvironment
{
    private static readonly Lazy<OrtEnv> Quiet = new(CreateQuiet);

    public static void Prepare() => _ = Quiet.Value;

    private static OrtEnv CreateQuiet()
    {
        if (OrtEnv.IsCreated)
            return OrtEnv.Instance();
        // Elsewhere than on Windows the runtime sends its first event, and keeps an id of the machine, before the API below can be called.
        NativeVariable.Set("ORT_DISABLE_TELEMETRY", "1");
        var options = new EnvironmentCreationOptions { logId = "model-opt", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        var environment = OrtEnv.CreateInstanceWithOptions(ref options);
        environment.DisableTelemetryEvents();
        return environment;
    }
}
