using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation.Data;
using ModelOptimizer.Onnx;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Passes.Opset;

public sealed class RealModelTests
{
    private const int Samples = 3;

    /// <summary>Newer versions of a kernel may add up in another order.</summary>
    private static readonly Tolerance Rounding = new(1e-5);

    [TestCaseSource(typeof(SharedModels), nameof(SharedModels.All))]
    public void A_real_model_answers_the_same_at_newer_opsets(string path)
    {
        var model = OnnxModel.Load(path);
        foreach (var version in new[] { 17, 21, OperatorCatalog.LatestOpset })
        {
            var upgraded = Upgraded(model, version);
            foreach (var inputs in InputsOf(path, model))
                PassTester.SameOutputs(model, upgraded, Rounding, inputs);
        }
    }

    private static OnnxModel Upgraded(OnnxModel model, long version)
    {
        try
        {
            return OpsetModels.Upgrade(model, version);
        }
        catch (DiagnosticException refusal)
        {
            Assert.Ignore(refusal.Message);
            throw;
        }
    }

    private static IEnumerable<Dictionary<string, Tensor>?> InputsOf(string path, OnnxModel model)
    {
        var data = Path.ChangeExtension(path, ".eval.npz");
        if (!File.Exists(data))
            return [null];
        return new DataSet([data], DataRequest.For(model) with { Limit = Samples }).Read().Select(sample => new Dictionary<string, Tensor>(sample.Inputs));
    }
}
