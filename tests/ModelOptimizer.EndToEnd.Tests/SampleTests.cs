using ModelOptimizer.Testing;

namespace ModelOptimizer.EndToEnd.Tests;

/// <summary>The sample, built as a user's project: with the package instead of the repository's own projects.</summary>
[Category("EndToEnd")]
public sealed class SampleTests
{
    [TestCase("")]
    [TestCase("static.yaml")]
    [TestCase("pruned.yaml")]
    public void The_sample_runs_on_the_package_and_keeps_its_budget(string profile)
    {
        var artifacts = Path.Combine(PackageFeed.Root, $"sample{profile}");
        DotNet.Run(Path.Combine(Repository.Root, "samples", "LanguageDetector"), "build", "--artifacts-path", artifacts,
            $"-p:ModelProfile={profile}", "-p:UseModelOptimizerPackage=true", $"-p:ModelOptimizerPackageVersion={PackageFeed.Version}",
            $"-p:RestoreAdditionalProjectSources={PackageFeed.Folder}", $"-p:RestoreAdditionalProjectFallbackFolders={PackageFeed.MachineCache}").ShouldSucceed();

        var program = Path.Combine(artifacts, "bin", "LanguageDetector", "debug", "LanguageDetector.dll");
        Assert.That(Answer("Die Einstellungen werden gespeichert, wenn das Fenster geschlossen wird."), Does.StartWith("de"));
        Assert.That(Answer("Os arquivos foram copiados para a pasta de destino com sucesso."), Does.StartWith("pt"));

        string Answer(string text) => DotNet.Run(artifacts, program, text).ShouldSucceed().Output;
    }
}
