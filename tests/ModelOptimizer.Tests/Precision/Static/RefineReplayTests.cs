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

/// <summary>What a build chose among forms of a quantized model, taken over by builds with its ranges file.</summary>
[FixtureLifeCycle(LifeCycle.InstancePerTestCase)]
public sealed class RefineReplayTests : RefineCases
{
    [TestCase("biases")]
    [TestCase("nearest")]
    public void A_build_without_the_data_takes_the_same_form_by_the_same_numbers(string form)
    {
        var measured = Case(form);
        measured.Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Case(form, WithRanges());

        Assert.That(measured.Choice, Does.StartWith(form));
        Assert.That(read.Bytes, Is.EqualTo(measured.Bytes));
        Assert.That(read.Calibration.ToFile()!.ToJson(), Is.EqualTo(measured.Calibration.ToFile()!.ToJson()));
        Assert.That(read.Words, Is.Empty);
    }

    [Test]
    public void A_choice_goes_before_what_other_data_would_choose()
    {
        Quantize(Rows(64, sample => sample % 2 == 1 ? 1 : -1)).Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        Assert.That(Quantize(Rows(16, _ => 1) with { Ranges = _folder["m.ranges.json"] }).Choice, Is.EqualTo("plain"));
    }

    [Test]
    public void Only_the_shifts_of_the_chosen_form_are_kept()
    {
        Assert.That(Kinds(Quantize(Rows(16, _ => 1))).Count(kind => kind == "shifts of round 1"), Is.EqualTo(1));
        Assert.That(Kinds(Quantize(Rows(64, sample => sample % 2 == 1 ? 1 : -1))), Has.None.StartsWith("shifts"));

        static IEnumerable<string> Kinds(Refined refined) => refined.Calibration.ToFile()!.Sections.Select(section => section.Calibrator);
    }

    /// <summary>Shifts are those of other codes then.</summary>
    [Test]
    public void A_choice_made_with_other_options_is_refused_or_made_anew()
    {
        Quantize(Rows(16, _ => 1)).Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        Assert.That(() => Quantize(WithRanges(), change: PerTensor), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO4026").And.Message.Contains("measured with other options of quantize-static"));

        var anew = Quantize(Rows(16, _ => 1) with { Ranges = _folder["m.ranges.json"] }, change: PerTensor);
        var alone = Quantize(Rows(16, _ => 1), change: PerTensor);
        Assert.That(anew.Warnings, Has.One.StartsWith("MO4026").And.One.Contains("so that forms are measured anew"));
        Assert.That(anew.Words, Has.Count.EqualTo(1));
        Assert.That(anew.Bytes, Is.EqualTo(alone.Bytes));
        Assert.That(anew.Calibration.ToFile()!.ToJson(), Is.EqualTo(alone.Calibration.ToFile()!.ToJson()));

        static QuantizeStaticOptions PerTensor(QuantizeStaticOptions options) => options with { PerChannel = false };
    }

    /// <summary>What counts is what becomes of the model.</summary>
    [Test]
    public void Options_that_change_nothing_leave_the_choice()
    {
        Quantize(Rows(16, _ => 1)).Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Quantize(WithRanges(), change: options => options with { SymmetricWeights = true, Exclude = ["another"] });

        Assert.That(read.Choice, Does.StartWith("biases"));
        Assert.That(read.Words, Is.Empty);
    }

    [Test]
    public void A_choice_that_nobody_knows_is_refused_or_made_anew()
    {
        var measured = Quantize(Rows(16, _ => 1));
        var file = measured.Calibration.ToFile()!;
        foreach (var section in file.Sections.Where(section => section.Choice is not null))
            section.Choice = "biases corrected thrice";
        file.Write(_folder["m.ranges.json"]);

        Assert.That(() => Quantize(WithRanges()), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO4026").And.Message.Contains("'biases corrected thrice'"));
        var anew = Quantize(Rows(16, _ => 1) with { Ranges = _folder["m.ranges.json"] });
        Assert.That(anew.Choice, Does.StartWith("biases-"));
        Assert.That(anew.Bytes, Is.EqualTo(measured.Bytes));
    }

    [Test]
    public void Where_a_build_with_data_could_not_judge_one_without_says_nothing()
    {
        var measured = Quantize(Rows(7, _ => 1));
        measured.Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Quantize(WithRanges());

        Assert.That(read.Words, Is.Empty);
        Assert.That(read.Bytes, Is.EqualTo(measured.Bytes));
    }

    /// <summary>Data would not help.</summary>
    [Test]
    public void Without_data_the_model_is_the_first_reason()
    {
        OnnxModel Model() => Product((g, y) => g.Op("ArgMax", y));
        Quantize(Rows(16, _ => 1), Model(), refine: false).Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        Assert.That(Quantize(WithRanges(), Model()).Words.Single(), Does.Contain("no output of the model is of real numbers"));
    }

    [Test]
    public void A_choice_without_its_shifts_is_refused()
    {
        var file = Quantize(Rows(16, _ => 1)).Calibration.ToFile()!;
        (file with { Sections = [.. file.Sections.Where(section => section.Moments is null)] }).Write(_folder["m.ranges.json"]);

        Assert.That(() => Quantize(WithRanges()), Throws.TypeOf<DiagnosticException>()
            .With.Message.Contains("MO4024").And.Message.Contains("no shifts of round 1 of 'y' for quantize-static"));
    }

    [Test]
    public void A_ranges_file_of_before_serves_still_and_gives_what_it_gave()
    {
        var before = Quantize(Rows(16, _ => 1), refine: false);
        before.Calibration.ToFile()!.Write(_folder["m.ranges.json"]);

        var read = Quantize(WithRanges());

        Assert.That(read.Bytes, Is.EqualTo(before.Bytes));
        Assert.That(read.Calibration.ToFile()!.ToJson(), Is.EqualTo(before.Calibration.ToFile()!.ToJson()));
        Assert.That(read.Words.Single(), Does.Contain("the ranges file is of a build that compared nothing"));
    }
}
