using ModelOptimizer.Passes;
using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Passes;

public sealed class PassRegistryTests
{
    [Test]
    public void Finds_passes_by_the_kebab_case_of_their_class() =>
        Assert.That(PassRegistry.All.Select(pass => pass.Name), Is.SupersetOf(new[]
        {
            "deduplicate-initializers", "eliminate-dead-nodes", "eliminate-identity", "fold-constants", "fold-shape", "freeze-inputs", "simplify",
        }));

    [Test]
    public void Every_pass_can_be_made_with_its_defaults()
    {
        foreach (var pass in PassRegistry.All)
            Assert.That(PassRegistry.Create(pass.Name).Name, Is.EqualTo(pass.Name));
    }

    [Test]
    public void Hands_options_on()
    {
        var simplify = (Simplify)PassRegistry.Create("simplify", new SimplifyOptions { MaxGrowth = new ByteSize(7) });

        Assert.That(simplify.Passes.OfType<FoldConstants>().Single().MaxGrowth, Is.EqualTo(new ByteSize(7)));
    }

    [Test]
    public void Refuses_the_options_of_another_pass() =>
        Assert.That(() => PassRegistry.Create("simplify", new FoldConstantsOptions()), Throws.ArgumentException
            .With.Message.Contains("FoldConstantsOptions are not the options of 'simplify'"));

    [Test]
    public void Refuses_options_where_there_are_none() =>
        Assert.That(() => PassRegistry.Create("freeze-inputs", new FoldConstantsOptions()), Throws.ArgumentException);

    /// <summary>Only a profile asks for loss; any other pass is part of an ordered group or listed as on demand, so that none is forgotten.</summary>
    [Test]
    public void Every_pass_without_loss_has_its_place_in_the_default_pipeline()
    {
        var passes = PassRegistry.All.Select(pass => PassRegistry.Create(pass.Name)).Where(pass => pass.Effect != NumericEffect.Lossy).ToList();
        var groups = passes.OfType<FixpointGroup>().ToList();
        var placed = groups.SelectMany(group => group.Passes).Concat(groups).Select(pass => pass.GetType()).Concat(DefaultPipeline.OnDemand);

        Assert.That(placed.Distinct(), Is.EquivalentTo(passes.Select(pass => pass.GetType())));
    }
}
