using System.Collections.Generic;
using System.IO;
using System.Linq;

namespace ModelOptimizer.Tasks;

/// <summary>
/// Where everything lies that a build makes of one model. What is made of an original that is embedded as it is lies in a folder of its own,
/// so that switching optimization off and on again costs nothing.
/// </summary>
/// <param name="folder">The plan's folder.</param>
internal sealed class ModelFiles(PlannedModel model, string folder, bool isOptimized, bool withAccessor)
{
    private static readonly string[] OptimizationExtensions = [".onnx", ".onnx.data", ".report.json", ".report.html", ".ranges.json"];

    private readonly string _embedFolder = isOptimized ? folder : Path.Combine(folder, "original");

    /// <summary>What <c>optimize</c> writes.</summary>
    public string Optimized => Path.Combine(folder, model.Output);

    /// <summary>What the optimized model depends on.</summary>
    public string Inputs => Path.Combine(folder, model.Name + ".inputs");

    /// <summary>What the last run that went well made.</summary>
    public string Outputs => Path.Combine(folder, model.Name + ".outputs");

    /// <summary>The model to embed.</summary>
    public string Embedded => Path.Combine(_embedFolder, model.Output);

    public string Resource => Path.Combine(_embedFolder, model.Embed("resource"));

    /// <summary>The generated C# file; empty when there is none.</summary>
    public string Accessor => withAccessor && model.IsEmbedded ? Path.Combine(_embedFolder, model.Accessor) : "";

    public string EmbedFolder => _embedFolder;

    /// <summary>What resource and accessor depend on, besides the model.</summary>
    public string EmbedInputs => Path.Combine(_embedFolder, model.Name + ".embed-inputs");

    public string EmbedOutputs => Path.Combine(_embedFolder, model.Name + ".embed-outputs");

    /// <summary>The steps in their order: what each depends on, and what it leaves behind.</summary>
    public IEnumerable<(string Inputs, string Outputs)> Steps(bool optimize) =>
        optimize ? [(Inputs, Outputs), (EmbedInputs, EmbedOutputs)] : [(EmbedInputs, EmbedOutputs)];

    /// <summary>All that may be there, of the optimized model and of the original: one must survive while the other is in use.</summary>
    public IEnumerable<string> All => Own.Concat(new ModelFiles(model, folder, !isOptimized, withAccessor).Own).Distinct();

    private IEnumerable<string> Own =>
        OfOptimization(Optimized).Concat(OfEmbedding(Embedded, Resource, Accessor)).Concat([Inputs, Outputs, EmbedInputs, EmbedOutputs]);

    /// <summary>What <c>optimize</c> may have written.</summary>
    /// <param name="optimized">The model.</param>
    public static IEnumerable<string> OfOptimization(string optimized) => OptimizationExtensions.Select(
        extension => Path.Combine(Path.GetDirectoryName(optimized)!, Path.GetFileNameWithoutExtension(optimized) + extension));

    /// <summary>What <c>embed</c> may have written.</summary>
    public static IEnumerable<string> OfEmbedding(string embedded, string resource, string accessor) =>
        new[] { embedded, embedded + ".data", resource, accessor }.Where(path => path.Length > 0).Distinct();
}
