using System.Reflection;
using Microsoft.ML.OnnxRuntime;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.OnnxRuntime;

/// <summary>ONNX Runtime's CPU provider behind <see cref="IInferenceEngine"/>. Loads the native library on first use.</summary>
public sealed class OnnxRuntimeEngine : IInferenceEngine
{
    /// <summary>Inline bytes from which on a model travels through a file: a message ends at 2 GiB.</summary>
    private const long ScratchThreshold = 1L << 30;

    /// <summary>Where external data lies when the model itself comes from memory.</summary>
    private const string ExternalDataFolderKey = "session.model_external_initializers_file_folder_path";

    /// <summary>Packed weights run in kernels of their own, which round differently: a constant would not answer as the same values computed.</summary>
    private const string DisablePackingKey = "session.disable_prepacking";

    public string Description
    {
        get
        {
            // Asking for the version starts the runtime, and only its first start decides on the log.
            RuntimeEnvironment.Prepare();
            return $"ONNX Runtime {OrtEnv.Instance().GetVersionString()}, CPU";
        }
    }

    /// <summary>The managed half of the runtime, which comes with the native one: that one takes longer to load than a cached result to copy.</summary>
    public string Identity { get; } = $"ONNX Runtime {ManagedVersion} {typeof(InferenceSession).Module.ModuleVersionId}";

    private static string? ManagedVersion =>
        typeof(InferenceSession).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()?.InformationalVersion;

    public bool CanHold(DataType type) => OrtTensors.CanHold(type);

    public IInferenceSession Open(OnnxModel model, SessionSettings settings) => OpenSession(model, settings, profile: null);

    /// <summary>Opens a model straight from its file, as an app does: nothing of it is held but what the runtime itself holds.</summary>
    /// <exception cref="InferenceException">The runtime refuses the model; the message is its own reason.</exception>
    public static IInferenceSession OpenFile(string path, SessionSettings settings)
    {
        ArgumentNullException.ThrowIfNull(settings);
        RuntimeEnvironment.Prepare();
        using var options = Options(settings);
        try
        {
            return OnnxRuntimeSession.Load(() => new InferenceSession(path, options), scratch: null);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InferenceException(RuntimeMessage.Clean(e.Message), e) { IsUnsupported = RuntimeMessage.TellsOfGap(e.Message) };
        }
    }

    public IProfiledSession OpenProfiled(OnnxModel model, SessionSettings settings)
    {
        var folder = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            return new ProfiledSession(OpenSession(model, settings, Path.Combine(folder.FullName, "profile")), folder);
        }
        catch
        {
            folder.Delete(recursive: true);
            throw;
        }
    }

    /// <param name="profile">How the file with the times of kernels begins; null takes no times.</param>
    private static OnnxRuntimeSession OpenSession(OnnxModel model, SessionSettings settings, string? profile)
    {
        RuntimeEnvironment.Prepare();
        using var options = Options(settings);
        if (profile is not null)
            (options.ProfileOutputPathPrefix, options.EnableProfiling) = (profile, true);
        try
        {
            return InlineBytes(model) < ScratchThreshold ? OpenFromMemory(model, options) : OpenFromScratch(model, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new InferenceException(RuntimeMessage.Clean(e.Message), e) { IsUnsupported = RuntimeMessage.TellsOfGap(e.Message) };
        }
    }

    public OnnxModel Optimize(OnnxModel model, RuntimeOptimization level)
    {
        RuntimeEnvironment.Prepare();
        var scratch = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            using var options = Options(new SessionSettings());
            options.GraphOptimizationLevel = level == RuntimeOptimization.Basic
                ? GraphOptimizationLevel.ORT_ENABLE_BASIC
                : GraphOptimizationLevel.ORT_ENABLE_EXTENDED;
            options.OptimizedModelFilePath = Path.Combine(scratch.FullName, "model.onnx");
            SetFolder(options, model);
            using (new InferenceSession(ModelWriter.ToBytes(model), options))
                return OnnxModel.Parse(File.ReadAllBytes(options.OptimizedModelFilePath), Path.GetDirectoryName(model.Path));
        }
        catch (OnnxRuntimeException e)
        {
            throw new InferenceException(RuntimeMessage.Clean(e.Message), e) { IsUnsupported = RuntimeMessage.TellsOfGap(e.Message) };
        }
        finally
        {
            scratch.Delete(recursive: true);
        }
    }

    private static void SetFolder(SessionOptions options, OnnxModel model)
    {
        if (Path.GetDirectoryName(model.Path) is { Length: > 0 } folder)
            options.AddSessionConfigEntry(ExternalDataFolderKey, folder);
    }

    private static OnnxRuntimeSession OpenFromMemory(OnnxModel model, SessionOptions options)
    {
        SetFolder(options, model);
        var bytes = ModelWriter.ToBytes(model);
        return OnnxRuntimeSession.Load(() => new InferenceSession(bytes, options), scratch: null);
    }

    private static OnnxRuntimeSession OpenFromScratch(OnnxModel model, SessionOptions options)
    {
        var scratch = Directory.CreateTempSubdirectory("model-opt-");
        try
        {
            var path = Path.Combine(scratch.FullName, "model.onnx");
            ModelWriter.Save(model, path, new SaveOptions { ExternalData = ExternalDataMode.Always });
            return OnnxRuntimeSession.Load(() => new InferenceSession(path, options), scratch);
        }
        catch
        {
            scratch.Delete(recursive: true);
            throw;
        }
    }

    private static SessionOptions Options(SessionSettings settings)
    {
        var options = new SessionOptions
        {
            GraphOptimizationLevel = settings.Optimize ? GraphOptimizationLevel.ORT_ENABLE_ALL : GraphOptimizationLevel.ORT_DISABLE_ALL,
            IntraOpNumThreads = settings.Threads,
            InterOpNumThreads = 1,
            LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL,
        };
        options.EnableCpuMemArena = settings.KeepMemory;
        options.EnableMemoryPattern = settings.KeepMemory;
        if (!settings.Optimize)
            options.AddSessionConfigEntry(DisablePackingKey, "1");
        return options;
    }

    private static long InlineBytes(OnnxModel model) => GraphWalker.Graphs(model)
        .SelectMany(graph => graph.Initializers)
        .Select(value => value.Initializer!)
        .Where(tensor => !tensor.IsExternal)
        .Sum(tensor => tensor.ByteCount);
}
