using ModelOptimizer.Onnx;
using ModelOptimizer.Reporting;

namespace ModelOptimizer.Embedding;

/// <summary>What an accessor tells of the model as a runtime gets it: uncompressed, of content the file without external data.</summary>
/// <param name="SizeBytes">Bytes of the model.</param>
/// <param name="Sha256">Of the same bytes, in lower-case hex.</param>
/// <param name="Opset">Version of the standard operators.</param>
/// <param name="IrVersion">Version of the format.</param>
public sealed record ModelFacts(
    ModelSignature Signature, long SizeBytes, string Sha256, long Opset, long IrVersion, string ProducerName, string ProducerVersion)
{
    /// <param name="model">The model.</param>
    /// <param name="path">The file with its bytes.</param>
    public static ModelFacts Of(OnnxModel model, string path)
    {
        ArgumentNullException.ThrowIfNull(model);
        return new(ModelSignature.Of(model), new FileInfo(path).Length, FileDigest.Of(path).Sha256,
            model.Opset, model.IrVersion, model.ProducerName, model.ProducerVersion);
    }
}
