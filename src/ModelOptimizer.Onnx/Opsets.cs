using ModelOptimizer.Onnx.Protos;

namespace ModelOptimizer.Onnx;

/// <summary>What models and functions import.</summary>
internal static class Opsets
{
    public static IReadOnlyDictionary<string, long> ToDictionary(IEnumerable<OperatorSetIdProto> imports)
    {
        var versions = new Dictionary<string, long>();
        foreach (var import in imports)
            versions[Canonical(import.Domain)] = import.Version;
        return versions;
    }

    /// <summary>The standard domain has two spellings.</summary>
    public static string Canonical(string domain) => domain == "ai.onnx" ? "" : domain;
}
