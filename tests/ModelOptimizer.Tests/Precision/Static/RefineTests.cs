using System.Globalization;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Evaluation;
using ModelOptimizer.Onnx;
using ModelOptimizer.Passes;
using ModelOptimizer.Passes.Mixed;
using ModelOptimizer.Profiles;
using ModelOptimizer.Testing;
using ModelOptimizer.Tests.Calibration;
using ModelOptimizer.Tests.Evaluation;

namespace ModelOptimizer.Tests.Precision.Static;

/// <summary>Forms of a quantized model, of which calibration samples choose one by the outputs.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RefineTests : RefineCases
{
    [Test]
    public void A_correction_that_brings_the_outputs_closer_is_kept()
    {
        var data = Rows(16, _ => 1);

        var (plain, refined) = (Quantize(data, refine: false), Quantize(data));

        Assert.That(refined.Choice, Does.StartWith("biases"));
        Assert.That(refined.Words.Single(), Does.Contain("takes that with biases corrected").And.Contain("compared 3 forms"));
        Assert.That(refined.Log.Rewrites.Select(rewrite => rewrite.What), Has.Some.StartsWith("correct the bias"));
        Assert.That(Noise(refined.Model, data), Is.LessThan(Noise(plain.Model, data) / 4));
    }

    /// <summary>Shifts are learned of every second sample, and what is true of those is wrong for the others.</summary>
    /// <param name="other">What every other sample is, beside those of 1: with 0.1 the mean shift of all samples would seem to help on all.</param>
    [TestCase(16, -1)]
    [TestCase(16, 0.1)]
    [TestCase(32, -1)]
    [TestCase(32, 0.1)]
    [TestCase(64, -1)]
    [TestCase(64, 0.1)]
    public void A_correction_that_only_its_own_samples_bear_out_is_dropped(int samples, double other)
    {
        var data = Rows(samples, sample => sample % 2 == 1 ? 1 : other);

        var (plain, refined) = (Quantize(data, refine: false), Quantize(data));

        Assert.That(refined.Choice, Is.EqualTo("plain"));
        Assert.That(refined.Words.Single(), Does.Contain("none is better for certain than the first"));
        Assert.That(refined.Bytes, Is.EqualTo(plain.Bytes));
    }

    /// <summary>Errors that cancel where all of a window is alike are larger ones where nothing is.</summary>
    [Test]
    public void Kernels_that_read_noise_are_rounded_to_nearest()
    {
        var data = Pictures(16);

        // With 16 bits kernels make all of the noise.
        var plain = Quantize(data, Convolution(), refine: false, activations: ActivationType.UInt16);
        var refined = Case("nearest");

        Assert.That(refined.Choice, Does.StartWith("nearest"));
        Assert.That(refined.Log.Rewrites.Select(rewrite => rewrite.What), Has.Some.StartsWith("round the kernel to nearest"));
        Assert.That(Noise(refined.Model, data, Convolution()), Is.LessThan(Noise(plain.Model, data, Convolution())));
        Assert.That(GraphVerifier.Verify(refined.Model), Is.Empty);
    }

    [TestCase("biases", 1)]
    [TestCase("biases", 3)]
    [TestCase("nearest", 1)]
    [TestCase("nearest", 3)]
    public void The_number_of_threads_changes_nothing(string form, int threads)
    {
        var (two, other) = (Case(form), Case(form, threads: threads));

        Assert.That(two.Choice, Does.StartWith(form));
        Assert.That(other.Bytes, Is.EqualTo(two.Bytes));
        Assert.That(other.Calibration.ToFile()!.ToJson(), Is.EqualTo(two.Calibration.ToFile()!.ToJson()));
    }

    [Test]
    public void Too_few_samples_leave_the_plain_form()
    {
        var refined = Quantize(Rows(7, _ => 1));

        Assert.That(refined.Choice, Is.EqualTo("plain"));
        Assert.That(refined.Words.Single(), Does.Contain("8 calibration samples at least, and there are 7"));
        Assert.That(refined.Bytes, Is.EqualTo(Quantize(Rows(7, _ => 1), refine: false).Bytes));
    }

    [Test]
    public void Outputs_that_are_no_real_numbers_leave_the_plain_form()
    {
        var refined = Quantize(Rows(16, _ => 1), Product((g, y) => g.Op("ArgMax", y)));

        Assert.That(refined.Choice, Is.EqualTo("plain"));
        Assert.That(refined.Words.Single(), Does.Contain("no output of the model is of real numbers"));
    }

    [Test]
    public void Outputs_that_differ_from_run_to_run_leave_the_plain_form()
    {
        var refined = Quantize(Rows(16, _ => 1), Product((g, y) => g.Op("Add", y, g.Op("RandomNormalLike", y))));

        Assert.That(refined.Choice, Is.EqualTo("plain"));
        Assert.That(refined.Words.Single(), Does.Contain("RandomNormalLike").And.Contain("is random"));
    }

    /// <summary>The output is zero in floats, where two equal layers cancel, of which one is quantized.</summary>
    [Test]
    public void Infinite_noise_of_all_forms_chooses_nothing()
    {
        var refined = Quantize(Rows(16, _ => 1), Product(Cancel), change: options => options with { Include = ["w"] });

        Assert.That(refined.Choice, Is.Null);
        Assert.That(refined.Words.Single(), Does.Contain("no other form was compared: with each, an output is not finite").And.Not.Contain("dB"));

        static Value Cancel(GraphBuilder g, Value y)
        {
            var layer = y.Producer!;
            return g.Op("Sub", y, g.Op("Gemm", layer.Input(0)!, g.Weight("v", layer.Input(1)!.Constant!), layer.Input(2)!));
        }
    }

    [Test]
    public void What_the_worst_output_keeps_is_said()
    {
        var data = Rows(16, _ => 1);
        var (plain, refined) = (Quantize(data, Two(), refine: false), Quantize(data, Two()));

        var kept = -10 * Math.Log10(Noise(plain.Model, data, Two()));
        Assert.That(refined.Words.Single(), Does.EndWith(string.Create(CultureInfo.InvariantCulture, $"the first {kept:0.#} dB (SQNR)")));

        static OnnxModel Two() => Product((g, y) =>
        {
            g.Output("second", g.Op("Abs", y));
            return g.Op("Neg", y);
        });
    }

    /// <summary>A sample is 3×16 floats, its answer 3×12: 336 bytes.</summary>
    [TestCase(8 * 336 - 1, null)]
    [TestCase(8 * 336, 8)]
    [TestCase(16 * 336, 16)]
    [TestCase(1 << 20, 64)]
    public void No_more_samples_are_held_than_memory_allows(long memory, int? judging)
    {
        var refined = Quantize(Rows(256, _ => 1) with { Memory = new ByteSize(memory) });

        Assert.That(refined.Words.Single(), judging is null
            ? Does.Contain("takes 336 B, and 8 of them more than calibration may hold (2.62 KiB): raise 'memory:'")
            : Does.Contain($"on {judging} calibration samples"));
        Assert.That(refined.Choice, judging is null ? Is.EqualTo("plain") : Does.StartWith("biases"));
    }

    [Test]
    public void Trials_of_a_goal_choose_nothing()
    {
        var refined = Quantize(Rows(16, _ => 1), filter: new SelectionRecorder());

        Assert.That(refined.Choice, Is.Null);
        Assert.That(refined.Words, Is.Empty);
    }
}
