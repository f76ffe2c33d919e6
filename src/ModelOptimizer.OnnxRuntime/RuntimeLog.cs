using Microsoft.ML.OnnxRuntime;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>The runtime writes its own log to standard error, where only our messages belong; what matters comes as exceptions.</summary>
internal static class RuntimeLog
{
    private static readonly Lazy<OrtEnv> Silent = new(CreateSilent);

    public static void Silence() => _ = Silent.Value;

    private static OrtEnv CreateSilent()
    {
        if (OrtEnv.IsCreated)
            return OrtEnv.Instance();
        var options = new EnvironmentCreationOptions { logId = "model-opt", logLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
        return OrtEnv.CreateInstanceWithOptions(ref options);
    }
}
