using System.Text;
using CsCheck;
using Microsoft.CodeAnalysis.CSharp;
using ModelOptimizer.Embedding;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;

namespace ModelOptimizer.Tests.Embedding;

/// <summary>Generated accessors compile in every project, whatever the tensors are called.</summary>
public sealed class AccessorTests
{
    private static readonly ModelSignature Plain = new(
        [new("input_ids", new TensorType(DataType.Int64, new Shape([new(null, "batch"), 128])))],
        [new("logits", new TensorType(DataType.Float, null))]);

    private static readonly ModelSignature Awkward = new(
        [
            new("0", new TensorType(DataType.Float16, Shape.Scalar)), new("a.b:c", null), new("a/b/c", null), new("Inputs", null), new("class", null),
            new("shape", null), new("name", null), new("Name", null), new("equals", null), new("\"\\\n</summary>", null), new("", null), new("größe 😀", null),
        ],
        [new("Outputs", null), new("to string", null)]);

    private static readonly Gen<string> Names = Gen.OneOf(
        OneOf("", "_", "x", "X", "x.", "class", "await", "feed", "options", "Feed", "Run", "Result", "Values", "x_shape", "xShape", "batch", "this", "values",
            "</summary>", "a\u2028b", "\"\\", "Dispose", "GetType", "a b", "a-b", "größe", "数", "runner", "InputNames", "@int", "__arglist", "scoped", "field"),
        Gen.String.Select(text => Encoding.UTF8.GetString(Encoding.UTF8.GetBytes(text))));

    private static readonly Gen<Dimension> Axes = Gen.OneOf(
        Names.Select(name => new Dimension(null, name)), OneOf<Dimension>(0, 3, long.MaxValue, -1, long.MinValue, default));

    private static readonly Gen<TensorType?> Types = Gen.Frequency(
        (1, Gen.Const((TensorType?)null)),
        (2, Gen.Enum<DataType>().Select(type => (TensorType?)new TensorType(type, null))),
        (5, Gen.Select(Gen.Enum<DataType>(), Axes.Array[0, 4], (type, axes) => (TensorType?)new TensorType(type, new Shape([.. axes])))));

    private static readonly Gen<SignatureEntry[]> Entries = Gen.Select(Names, Types, (name, type) => new SignatureEntry(name, type)).Array[0, 8];

    private static readonly Gen<ModelSignature> Signatures = Gen.Select(Entries, Entries, (inputs, outputs) => new ModelSignature(inputs, outputs));

    [Test]
    public void An_accessor_tells_the_signature()
    {
        var source = AccessorGenerator.Generate(Settings(Plain));
        Assert.That(source, Does.Contain("namespace App.Models\n"));
        Assert.That(source, Does.Contain("internal static partial class LanguageModel\n"));
        Assert.That(source, Does.Contain("<c>input_ids</c>: int64[batch,128]."));
        Assert.That(source, Does.Contain("public const string Name = \"input_ids\";"));
        Assert.That(source, Does.Contain("new long[] { -1, 128 };"));
        Assert.That(source, Is.EqualTo(AccessorGenerator.Generate(Settings(Plain))), "deterministic");
        Assert.That(source, Does.Not.Contain("\r"));
        Assert.That(source, Does.Not.Contain("CreateSession"));
    }

    [Test]
    public void An_accessor_compiles_in_the_oldest_language_and_with_awkward_names(
        [Values] EmbedAs embedAs, [Values] EmbedCompression compression, [Values] bool awkward, [Values] bool nullable, [Values] bool runtime)
    {
        if (embedAs == EmbedAs.None)
            return;
        var settings = Settings(awkward ? Awkward : Plain, embedAs, compression) with { Nullable = nullable, HasOnnxRuntime = runtime, HasDependencyInjection = true };
        Assert.That(GeneratedCode.Warnings(AccessorGenerator.Generate(settings), nullable ? LanguageVersion.CSharp8 : LanguageVersion.CSharp7_3), Is.Empty);
    }

    [TestCase("class")]
    [TestCase("required")]
    [TestCase("record")]
    [TestCase("file")]
    public void A_class_may_be_called_by_a_word_of_the_language(string name)
    {
        var settings = Settings(Plain) with { HasOnnxRuntime = true, HasDependencyInjection = true };
        var code = AccessorGenerator.Generate(settings with { Embed = settings.Embed with { Class = name } });
        Assert.That(GeneratedCode.Warnings(code, LanguageVersion.Latest), Is.Empty);
    }

    [Test]
    public void Any_names_types_and_shapes_compile_without_a_warning() => Signatures.Sample(signature =>
    {
        var settings = Settings(signature) with { HasOnnxRuntime = true, HasDependencyInjection = true };
        return !GeneratedCode.Warnings(AccessorGenerator.Generate(settings), LanguageVersion.Latest).Any();
    }, iter: 40);

    [Test]
    public void The_runner_has_parameters_and_properties_by_the_signature() => Golden.Verify(AccessorGenerator.Generate(Settings(new(
        [
            new("input_ids", new TensorType(DataType.Int64, new Shape([new(null, "batch"), new(null, "length")]))),
            new("mask", new TensorType(DataType.Bool, new Shape([new(null, "batch"), default, 4]))),
            new("temperature", new TensorType(DataType.Float, Shape.Scalar)), new("texts", new TensorType(DataType.String, null)), new("past", null),
        ],
        [
            new("logits", new TensorType(DataType.Float16, new Shape([new(null, "batch"), 10]))),
            new("codes", new TensorType(DataType.Int4, Shape.Of(2))), new("labels", new TensorType(DataType.String, null)),
        ])) with { HasOnnxRuntime = true, HasDependencyInjection = true }).Replace(Optimizer.Version, "VERSION", StringComparison.Ordinal));

    [Test]
    public void For_a_runtime_without_values_there_is_a_session_and_no_runner()
    {
        var source = AccessorGenerator.Generate(Settings(Plain) with { HasOnnxRuntime = true, HasDependencyInjection = true, HasRunner = false });
        Assert.That(source, Does.Contain("CreateSession").And.Contain("// Runner and Result need Microsoft.ML.OnnxRuntime 1.16"));
        Assert.That(source, Does.Not.Contain("class Runner").And.Not.Contain("AddLanguageModel"));
        Assert.That(GeneratedCode.Warnings(source, LanguageVersion.Latest), Is.Empty);
    }

    [Test]
    public void Without_a_reference_nothing_is_registered()
    {
        var settings = Settings(Plain) with { HasOnnxRuntime = true, HasDependencyInjection = true };
        Assert.That(AccessorGenerator.Generate(settings), Does.Contain("AddLanguageModel(this"));
        Assert.That(AccessorGenerator.Generate(settings with { HasDependencyInjection = false }), Does.Not.Contain("AddLanguageModel"));
        Assert.That(AccessorGenerator.Generate(settings with { HasOnnxRuntime = false }), Does.Not.Contain("AddLanguageModel"));
    }

    private static Gen<T> OneOf<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    [TestCase("input_ids", ExpectedResult = "InputIds")]
    [TestCase("ch_PP-OCRv4", ExpectedResult = "ChPPOCRv4")]
    [TestCase("0", ExpectedResult = "_0")]
    [TestCase("::", ExpectedResult = "_")]
    public string A_name_becomes_an_identifier(string name) => CSharpNames.ToPascal(name);

    [TestCase("my-app.3d.class", ExpectedResult = "my_app._3d.@class")]
    [TestCase("", ExpectedResult = "")]
    [TestCase(" A . B ", ExpectedResult = "A.B")]
    public string A_project_name_becomes_a_namespace(string name) => CSharpNames.ToNamespace(name);

    private static AccessorSettings Settings(ModelSignature signature, EmbedAs embedAs = EmbedAs.Resource, EmbedCompression compression = EmbedCompression.None) =>
        GeneratedCode.Settings(signature, embedAs, compression);
}
