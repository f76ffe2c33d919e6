namespace ModelOptimizer.Tasks.Tests;

/// <summary>A task that fails leaves nothing that a later build would take for good, and says why in words.</summary>
public sealed class FailureTests
{
    private string _folder = "";

    private string Output => Path.Combine(_folder, "m.onnx");

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("failure").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    private IEnumerable<ModelOptTask> Failing(string output) =>
    [
        new OptimizeModel { Model = "m.onnx", Profile = "p.yaml", Output = output, Tool = Path.Combine(_folder, "missing.dll") },
        new EmbedModel { Plan = "plan.json", Model = "m", Original = "m.onnx", Output = output, UseOriginal = true, Tool = Path.Combine(_folder, "missing.dll") },
    ];

    [Test]
    public void A_failed_run_takes_model_and_external_data_away()
    {
        foreach (var task in Failing(Output))
        {
            File.WriteAllText(Output, "old");
            File.WriteAllText(Output + ".data", "old");
            Assert.That(Run(task).Errors.Single().Code, Is.EqualTo("MO9001"));
            Assert.That(Directory.GetFiles(_folder), Is.Empty);
        }
    }

    [Test]
    public void A_place_that_can_not_be_written_is_an_error_and_no_crash()
    {
        File.WriteAllText(Output, "a file where a folder should be");
        foreach (var task in Failing(Path.Combine(Output, "m.onnx")))
            Assert.That(Run(task).Errors.Single().Code, Is.EqualTo("MO7001"));
        var plan = new PlanModels { ProjectDirectory = _folder, ProjectFile = "a.csproj", Plan = Path.Combine(Output, "sub", "plan.json"), Tool = "missing.dll" };
        Assert.That(Run(plan).Errors.Single().Code, Is.EqualTo("MO7001"));
    }

    private static FakeBuild Run(ModelOptTask task)
    {
        var build = new FakeBuild();
        task.BuildEngine = build;
        task.DefaultFile = "p.yaml";
        Assert.That(task.Execute(), Is.False);
        return build;
    }
}
