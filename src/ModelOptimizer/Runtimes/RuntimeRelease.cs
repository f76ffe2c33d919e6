namespace ModelOptimizer.Runtimes;

/// <summary>A release of ONNX Runtime with the newest models that it loads. Patches of a release are as the release.</summary>
/// <param name="Version">Major and minor.</param>
/// <param name="Opset">Version of the standard operators.</param>
/// <param name="MachineLearningOpset">Version of the operators of <c>ai.onnx.ml</c>.</param>
/// <param name="IrVersion">Version of the format.</param>
/// <param name="Source">How it is known: <c>documented</c> by the project's table, <c>integrated</c> by its history, or <c>measured</c>.</param>
internal sealed record RuntimeRelease(Version Version, long Opset, long MachineLearningOpset, long IrVersion, string Source);
