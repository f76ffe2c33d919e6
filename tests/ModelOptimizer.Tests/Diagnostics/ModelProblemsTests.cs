using ModelOptimizer.Diagnostics;
using ModelOptimizer.Onnx;

namespace ModelOptimizer.Tests.Diagnostics;

public sealed class ModelProblemsTests
{
    [Test]
    public void Every_problem_has_its_diagnostic([Values] ModelProblem problem)
    {
        var descriptor = ModelProblems.Descriptor(problem);
        Assert.That(descriptor, Is.Not.EqualTo(DiagnosticCatalog.InternalError));
        Assert.That(descriptor.Area, Is.EqualTo(problem is ModelProblem.CannotWrite or ModelProblem.CannotRead ? 7 : 2));
    }

    [Test]
    public void A_bad_model_becomes_a_diagnostic_at_its_file()
    {
        var thrown = Assert.Throws<DiagnosticException>(() => ModelProblems.Guard(() => OnnxModel.Load("nowhere.onnx")))!;
        Assert.That(thrown.Diagnostics, Has.Count.EqualTo(1));
        Assert.That(thrown.Diagnostics[0].Code, Is.EqualTo("MO2001"));
        Assert.That(thrown.Diagnostics[0].Location!.File, Does.EndWith("nowhere.onnx"));
    }

    [Test]
    public void A_bad_file_is_mended_where_it_lies()
    {
        var thrown = Assert.Throws<DiagnosticException>(() => ModelProblems.Guard(() => OnnxModel.Load(typeof(ModelProblemsTests).Assembly.Location),
            new SourceLocation("model-opt.yaml", 3, 8)))!;
        Assert.That(thrown.Diagnostics[0].Location!.File, Does.EndWith(".dll"));
    }

    [Test]
    public void A_missing_file_is_mended_where_it_is_named()
    {
        var place = new SourceLocation("model-opt.yaml", 3, 8);
        var thrown = Assert.Throws<DiagnosticException>(() => ModelProblems.Guard(() => OnnxModel.Load("nowhere.onnx"), place))!;
        Assert.That(thrown.Diagnostics[0].Location, Is.EqualTo(place));
    }
}
