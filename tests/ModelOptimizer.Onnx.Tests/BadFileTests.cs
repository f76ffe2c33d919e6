using System.Text;
using Google.Protobuf;
using ModelOptimizer.Onnx.Protos;
using static ModelOptimizer.Onnx.Tests.ProtoModels;

namespace ModelOptimizer.Onnx.Tests;

[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class BadFileTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Test]
    public void A_missing_file() => Expect(ModelProblem.FileMissing, "Check the path");

    [Test]
    public void A_folder()
    {
        Directory.CreateDirectory(_folder["m.onnx"]);
        Expect(ModelProblem.Folder, "Name the .onnx file inside it");
    }

    [Test]
    public void An_empty_file() => Expect(ModelProblem.FileEmpty, "Export or download it again", []);

    [Test]
    public void A_git_lfs_pointer() => Expect(ModelProblem.GitLfsPointer, "git lfs pull",
        Encoding.UTF8.GetBytes("version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"));

    [TestCase("<!DOCTYPE html>\n<html><body>Not found</body></html>")]
    [TestCase("\uFEFF \r\n<html lang=\"en\">")]
    [TestCase("<?xml version=\"1.0\"?><Error/>")]
    public void A_web_page(string text) => Expect(ModelProblem.HtmlPage, "Download the file itself", Encoding.UTF8.GetBytes(text));

    [TestCase("import torch\nmodel = ...\n")]
    [TestCase("{ \"ir_version\": 8 }")]
    [TestCase("Grüße, Welt")]
    public void A_text_file(string text) => Expect(ModelProblem.TextFile, "is text", Encoding.UTF8.GetBytes(text));

    [Test]
    public void A_text_file_whose_head_ends_inside_a_character() =>
        Expect(ModelProblem.TextFile, "is text", Encoding.UTF8.GetBytes("a" + string.Concat(Enumerable.Repeat("ü", 1000))));

    [TestCase(new byte[] { 0x00, 0x01, 0x02, 0xFF })]
    [TestCase(new byte[] { 0xFF, 0xFF, 0xFF })]
    [TestCase(new byte[] { 0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A })] // a PNG picture
    [TestCase(new byte[] { 0xA0, 0x06, 0x01 })] // a message, but no model: field 100
    public void Garbage(byte[] bytes) => Expect(ModelProblem.NotAModel, "Export the model to ONNX", bytes);

    [Test]
    public void Random_bytes_never_pass_for_a_model()
    {
        var random = new Random(1);
        for (var length = 1; length < 300; length++)
        {
            var bytes = new byte[length];
            random.NextBytes(bytes);
            Assert.That(() => OnnxModel.Parse(bytes), Throws.TypeOf<InvalidModelException>());
        }
    }

    [Test]
    public void A_model_cut_off_anywhere_is_truncated()
    {
        var whole = Model(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"]))).ToByteArray();
        for (var length = 2; length < whole.Length; length++)
        {
            File.WriteAllBytes(_folder["m.onnx"], whole[..length]);
            var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(_folder["m.onnx"]))!;
            Assert.That(e.Problem, Is.EqualTo(ModelProblem.Truncated), $"{length} of {whole.Length} bytes");
        }
    }

    [Test]
    public void A_model_without_a_version()
    {
        var proto = Model(Graph(["x"], ["y"], Node("Relu", ["x"], ["y"])), irVersion: 0);
        Expect(ModelProblem.NotAModel, "not an ONNX model", proto.ToByteArray());
    }

    [Test]
    public void A_file_beyond_two_gibibytes()
    {
        using (var file = new FileStream(_folder["m.onnx"], FileMode.Create))
            file.SetLength(1L << 31); // sparse: takes no space
        Expect(ModelProblem.TooLarge, "external data");
    }

    [Test]
    public void A_nesting_bomb()
    {
        var graph = Graph([], ["y"], Node("Constant", [], ["y"]));
        for (var depth = 0; depth < 200; depth++)
            graph = Graph([], ["y"], Node("If", ["c"], ["y"], Body("then_branch", graph)));
        Expect(ModelProblem.TooDeep, "nested too deeply", Model(graph).ToByteArray());
    }

    [Test]
    public void Nesting_as_deep_as_the_format_can_carry_is_read()
    {
        var graph = Graph([], ["y"], Node("Identity", ["c"], ["y"]));
        for (var depth = 0; depth < 30; depth++)
            graph = Graph([], ["y"], Node("If", ["c"], ["y"], Body("then_branch", graph)));
        var model = Load(Model(graph.With(Floats("c", 1))));
        Assert.That(GraphWalker.Graphs(model).Count(), Is.EqualTo(31));
    }

    [Test]
    [Platform(Exclude = "Win")]
    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    public void A_file_that_may_not_be_read()
    {
        if (Environment.IsPrivilegedProcess)
            Assert.Ignore("Permissions don't bind this user");
        File.WriteAllBytes(_folder["m.onnx"], [1]);
        File.SetUnixFileMode(_folder["m.onnx"], UnixFileMode.None);
        Expect(ModelProblem.CannotRead, "permissions");
    }

    private void Expect(ModelProblem problem, string nextStep, byte[]? content = null)
    {
        var path = _folder["m.onnx"];
        if (content is not null)
            File.WriteAllBytes(path, content);
        var e = Assert.Throws<InvalidModelException>(() => OnnxModel.Load(path))!;
        Assert.That((e.Problem, e.Path), Is.EqualTo((problem, path)), e.Message);
        Assert.That(e.Message, Does.Contain(nextStep));
    }
}
