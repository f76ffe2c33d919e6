using System.Text;
using Microsoft.Build.Utilities;

namespace ModelOptimizer.Tasks.Tests;

/// <summary>A plan stands until what it was made from changes.</summary>
public sealed class PlanTests
{
    private string _folder = "";

    [SetUp]
    public void CreateFolder() => _folder = Directory.CreateTempSubdirectory("plan;%").FullName;

    [TearDown]
    public void DeleteFolder() => Directory.Delete(_folder, recursive: true);

    private string Profile => Path.Combine(_folder, "a.yaml");

    [Test]
    public void A_plan_is_current_while_request_and_files_are_the_same()
    {
        var request = Encoding.UTF8.GetBytes("request");
        var plan = Plan(request);
        Assert.That(plan.IsCurrent(request, _folder), Is.True);
        Assert.That(plan.IsCurrent([1], _folder), Is.False);

        File.SetLastWriteTimeUtc(Profile, DateTime.UnixEpoch);
        Assert.That(plan.IsCurrent(request, _folder), Is.True, "touched, but equal");
        File.WriteAllText(Profile, "version: 2");
        Assert.That(plan.IsCurrent(request, _folder), Is.False, "same size, other content");
        File.Delete(Profile);
        Assert.That(plan.IsCurrent(request, _folder), Is.False, "gone");
    }

    [TestCase("")]
    [TestCase("{")]
    [TestCase("""{"schemaVersion":2,"models":[]}""")]
    [TestCase("""{"schemaVersion":1}""")]
    public void A_plan_that_cannot_be_read_is_none(string text)
    {
        var file = Path.Combine(_folder, "plan.json");
        File.WriteAllText(file, text);
        Assert.That(ProjectPlan.TryRead(file), Is.Null);
    }

    [Test]
    public void An_item_keeps_paths_that_have_characters_of_MSBuild()
    {
        var item = (TaskItem)Plan([]).Models.Single().ToItem(_folder, Path.Combine(_folder, "obj"), withAccessor: true);
        Assert.That(item.GetMetadata("Original"), Is.EqualTo(Path.Combine(_folder, "m;1.onnx")));
        Assert.That(item.ItemSpec, Is.EqualTo(Path.Combine(_folder, "obj", "m;1.onnx")));
        Assert.That(item.GetMetadata("EmbedAs"), Is.EqualTo("Resource"));
    }

    [Test]
    public void Data_that_comes_goes_or_changes_makes_the_inputs_other()
    {
        var task = new PlanModels { Plan = Path.Combine(_folder, "app.plan.json"), ProjectDirectory = _folder };
        var model = Plan([]).Models.Single();
        string Inputs()
        {
            InputsFile.Update(model, task, "tool");
            return File.ReadAllText(InputsFile.PathOf(_folder, model.Name));
        }

        var before = Inputs();
        Directory.CreateDirectory(Path.Combine(_folder, "data"));
        File.WriteAllText(Path.Combine(_folder, "data", "a.npz"), "1");
        var one = Inputs();
        File.WriteAllText(Path.Combine(_folder, "data", "b.npz"), "2");
        var two = Inputs();
        Assert.That(new[] { before, one, two }.Distinct().Count(), Is.EqualTo(3));

        File.Delete(Path.Combine(_folder, "data", "b.npz"));
        Assert.That(Inputs(), Is.EqualTo(one));
    }

    [Test]
    public void Inputs_that_are_equal_are_not_written()
    {
        var task = new PlanModels { Plan = Path.Combine(_folder, "app.plan.json"), ProjectDirectory = _folder };
        var model = Plan([]).Models.Single();
        InputsFile.Update(model, task, "tool");
        var file = InputsFile.PathOf(_folder, model.Name);
        File.SetLastWriteTimeUtc(file, DateTime.UnixEpoch);
        InputsFile.Update(model, task, "tool");
        Assert.That(File.GetLastWriteTimeUtc(file), Is.EqualTo(DateTime.UnixEpoch));
        InputsFile.Update(model, task, "newer tool");
        Assert.That(File.GetLastWriteTimeUtc(file), Is.GreaterThan(DateTime.UnixEpoch));
    }

    private ProjectPlan Plan(byte[] request)
    {
        File.WriteAllText(Profile, "version: 1");
        var file = new FileInfo(Profile);
        var path = Path.Combine(_folder, "plan.json");
        File.WriteAllText(path, $$"""
            {
              "schemaVersion": 1, "request": "{{Digest.Of(request)}}",
              "watched": [ { "path": "a.yaml", "size": {{file.Length}}, "modified": {{file.LastWriteTimeUtc.Ticks}}, "sha256": "{{Digest.Of(File.ReadAllBytes(Profile))}}" } ],
              "models": [ {
                "name": "m;1", "model": "m;1.onnx", "profile": "a.yaml", "inputs": ["a.yaml"], "data": ["data/*.npz"],
                "output": "m;1.onnx", "report": "m;1.report.json", "accessor": "m;1.g.cs",
                "embed": { "as": "Resource", "compression": "None", "class": "M", "namespace": "", "logicalName": "m;1", "link": "m;1.onnx", "resource": "m;1.onnx" } } ]
            }
            """);
        return ProjectPlan.TryRead(path)!;
    }
}
