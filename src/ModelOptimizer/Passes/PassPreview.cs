using System.Reflection;
using ModelOptimizer.Calibration;
using ModelOptimizer.Diagnostics;
using ModelOptimizer.Inference;
using ModelOptimizer.Onnx;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Passes;

/// <summary>What one pass would do to a model by itself.</summary>
/// <param name="Pass">Its name.</param>
/// <param name="Group">The group that it is a member of; null for a group, and for a pass that runs on demand.</param>
/// <param name="Rewrites">Changes it would make.</param>
/// <param name="Refusals">Candidates that it would leave alone; for a group those of its members.</param>
/// <param name="Problem">Why it would end with an error; null where it would not.</param>
public sealed record PassPreview(string Pass, string? Group, int Rewrites, int Refusals, ModelSize Before, ModelSize After, string? Problem = null)
{
    /// <summary>
    /// Tries every pass without loss on a copy of its own: each group, followed by its members, then the passes on demand that need no options; then
    /// those that a profile names beside them, with its options and its data to learn from.
    /// </summary>
    /// <param name="profile">Null for none.</param>
    public static IEnumerable<PassPreview> All(OnnxModel model, IInferenceEngine engine, OptimizationProfile? profile = null)
    {
        // Groups share members.
        var known = new Dictionary<string, PassPreview>();
        foreach (var group in Groups())
        {
            yield return Of(group, model, engine);
            foreach (var member in group.Passes.DistinctBy(pass => pass.Name))
            {
                if (!known.TryGetValue(member.Name, out var preview))
                    known[member.Name] = preview = Of(member, model, engine);
                yield return preview with { Group = ((IGraphPass)group).Name };
            }
        }
        var calibration = profile?.Calibration is { } settings ? CalibrationData.For(engine, model, settings) : null;
        foreach (var name in DefaultPipeline.OnDemand.Where(NeedsNoOptions).Select(PassNames.Of).Where(name => !IsOf(profile, name)))
        {
            // In no place of the profile, of which a ranges file knows nothing.
            calibration?.Begin(name, -1);
            yield return Of(PassRegistry.Create(name), model, engine, calibration);
        }
        foreach (var preview in OfProfile(model, engine, profile, calibration))
            yield return preview;
    }

    /// <summary>With the profile's options it says more.</summary>
    private static bool IsOf(OptimizationProfile? profile, string name) => profile?.Passes.Any(pass => pass.Name == name) == true;

    /// <summary>Groups are there already, whatever their options.</summary>
    private static IEnumerable<PassPreview> OfProfile(
        OnnxModel model, IInferenceEngine engine, OptimizationProfile? profile, CalibrationData? calibration)
    {
        foreach (var (step, settled) in (profile?.Passes ?? []).Index())
        {
            var pass = PassRegistry.Create(settled.Name, settled.Options);
            if (pass is FixpointGroup)
                continue;
            calibration?.Begin(settled, step);
            yield return Of(pass, model, engine, calibration);
        }
    }

    private static IEnumerable<FixpointGroup> Groups() => PassRegistry.All
        .Where(pass => pass.Type.IsSubclassOf(typeof(FixpointGroup)))
        // That which comes first in profiles.
        .OrderByDescending(pass => pass.Type == typeof(Simplify))
        .Select(pass => (FixpointGroup)PassRegistry.Create(pass.Name));

    private static bool NeedsNoOptions(Type pass) => PassRegistry.Find(PassNames.Of(pass))!.OptionsType is not { } options
        || !options.GetProperties().Any(option => option.GetCustomAttribute<OptionAttribute>() is { Required: true } or { Open: not null });

    private static PassPreview Of(IGraphPass pass, OnnxModel model, IInferenceEngine engine, CalibrationData? calibration = null)
    {
        var (copy, log, before) = (model.Clone(), new RewriteLog(), ModelSize.Of(model));
        try
        {
            PassRunner.Run(new PassContext(copy, log, engine, new DiagnosticBag()) { Calibration = calibration }, pass);
            return new PassPreview(pass.Name, Group: null, log.Rewrites.Count, log.Refusals.Count, before, ModelSize.Of(copy));
        }
        catch (DiagnosticException e)
        {
            return new PassPreview(pass.Name, Group: null, 0, log.Refusals.Count, before, before, e.Diagnostics[0].Message);
        }
    }
}
