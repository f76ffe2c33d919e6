using ModelOptimizer.Profiles;

namespace ModelOptimizer.Tests.Profiles;

public sealed class ProfileMistakeTests
{
    [Test]
    public void All_mistakes_are_told_in_one_run()
    {
        var mistakes = ProfileFolder.Mistakes("""
            version: 1
            modle: m.onnx
            passes:
              - simplfy
              - quantize-weights: { bits: 5, per-chanel: true, rounding: up }
            budget:
              size: 2 mib
              size: 3 MiB
              top-1: { min: 97, max_drop: 1% }
            evaluate: { batch: 0, data: 3 }
            """);
        Assert.That(mistakes, Is.EqualTo(new[]
        {
            "(8,3) MO1005 budget.size: given twice, first at line 7; keep one",
            "(2,1) MO1004 modle: unknown key 'modle'; did you mean 'model'?",
            "(4,5) MO1008 passes[0]: there is no pass or preset 'simplfy'; did you mean 'simplify'?",
            "(5,31) MO1007 passes[1].quantize-weights.bits: wants a whole number: 2, 4 or 8, not 5",
            "(5,34) MO1004 passes[1].quantize-weights.per-chanel: unknown key 'per-chanel'; did you mean 'per-channel'?",
            "(5,62) MO1015 passes[1].quantize-weights.rounding: wants nearest or toward-zero, not 'up'",
            "(7,9) MO1016 budget.size: 'mib' is no unit here; did you mean '2 MiB'?",
            "(9,17) MO1007 budget.top-1.min: wants a ratio from 0% to 100%, such as 25% or 0.25, not 97; did you mean 97%?",
            "(9,21) MO1004 budget.top-1.max_drop: unknown key 'max_drop'; did you mean 'max-drop'?",
            "(10,20) MO1007 evaluate.batch: wants a whole number of at least 1, not 0",
            "(10,29) MO1006 evaluate.data: wants a path, not 3; put it in quotes if it is meant: \"3\"",
        }));
    }

    // Texts that are no profile at all.
    [TestCase("", "(1,1) MO1002 The profile says nothing; start it with 'version: 1' and 'passes:', or let 'dotnet model-opt init MODEL' write one")]
    [TestCase("# only a comment\n", "(1,1) MO1002 The profile says nothing; start it with 'version: 1' and 'passes:', or let 'dotnet model-opt init MODEL' write one")]
    [TestCase("---\n", "(1,1) MO1002 The profile says nothing; start it with 'version: 1' and 'passes:', or let 'dotnet model-opt init MODEL' write one")]
    [TestCase("- simplify\n", "(1,1) MO1006 A profile is a map of keys such as 'version: 1', not a list")]
    [TestCase("just words\n", "(1,1) MO1006 A profile is a map of keys such as 'version: 1', not a text")]
    [TestCase("version: 1\nmodel: \"x\n", "(2,8) MO1003 Not valid YAML: while scanning a quoted scalar, found unexpected end of stream")]
    [TestCase("version: 1\nmodel: a: b\n", "(2,9) MO1003 Not valid YAML: while scanning a plain scalar value, found invalid mapping; a text that contains ': ' needs quotes")]
    [TestCase("version: 1\npasses:\n\t- simplify\n", "(3,1) MO1003 Line 3 is indented with a tab, and YAML allows only spaces there")]
    [TestCase("version: 1\nbudget:\n  size: 1\n \tsize-ratio: 1%\n", "(4,2) MO1003 Line 4 is indented with a tab, and YAML allows only spaces there")]
    [TestCase("version: [1, 2\nfoo: }{\n", "(1,12) MO1003 Not valid YAML from here on; look at the brackets, braces and quotes")]
    [TestCase("version: 1\n---\nversion: 1\n", "(2,1) MO1003 A profile is one YAML document, and here a second one starts")]
    // Versions.
    [TestCase("model: m.onnx\n", "(1,1) MO1014 Version is missing; write 'version: 1' as the first line")]
    [TestCase("version: 2\nnew-key: 1\n", "(1,10) MO1012 version: 2 is newer than this tool, which reads up to 1; update ModelOptimizer")]
    [TestCase("version: 0\n", "(1,10) MO1007 version: wants a whole number from 1 to 1, not 0")]
    [TestCase("version: one\n", "(1,10) MO1006 version: wants a whole number from 1 to 1, not one")]
    [TestCase("version: \"1\"\n", "(1,10) MO1006 version: wants a whole number from 1 to 1, not \"1\"; leave the quotes out")]
    public void A_text_that_is_no_profile_is_refused(string text, string mistake) =>
        Assert.That(ProfileFolder.Mistakes(text), Is.EqualTo(new[] { mistake }));

    // Keys.
    [TestCase("zzz: 1", "(2,1) MO1004 zzz: unknown key 'zzz'; there are version, extends, model, calibration, passes, evaluate, budget, embed")]
    [TestCase("Model: m.onnx", "(2,1) MO1004 Model: unknown key 'Model'; did you mean 'model'?")]
    [TestCase("? [a]\n: b", "(2,3) MO1006 Keys are texts")]
    [TestCase("calibration: { samples: 3 }", "(2,14) MO1014 calibration: data is missing: Files with one array per model input: .npz, a folder of .npy, ONNX test_data_set_* folders, .jsonl; globs allowed.")]
    [TestCase("embed:", "(2,7) MO1006 embed: wants a map with keys such as as, compression or class, not nothing; leave the key out or give it keys of its own")]
    [TestCase("embed: resource", "(2,8) MO1006 embed: wants a map with keys such as as, compression or class, not resource")]
    [TestCase("embed: [resource]", "(2,8) MO1006 embed: wants a map with keys such as as, compression or class, not a list")]
    [TestCase("calibration: { images: i, size: 0 }", "(2,33) MO1007 calibration.size: wants a size in pixels such as 224 or 640x480, up to 16384, not 0")]
    [TestCase("calibration: { images: i, size: 3x4x5 }", "(2,33) MO1007 calibration.size: wants a size in pixels such as 224 or 640x480, up to 16384, not 3x4x5")]
    [TestCase("calibration: { images: i, size: true }", "(2,33) MO1006 calibration.size: wants a size in pixels such as 224 or 640x480, up to 16384, not true")]
    [TestCase("calibration: { images: i, mean: [0.5, x] }", "(2,39) MO1006 calibration.mean[1]: wants a number, not x")]
    [TestCase("calibration: { images: i, std: 0 }", "(2,32) MO1007 calibration.std: wants a number of at least 1E-06, not 0")]
    // Texts.
    [TestCase("model:", "(2,7) MO1006 model: wants a path, not nothing; leave the key out for the default")]
    [TestCase("model: ''", "(2,8) MO1006 model: wants a path, not \"\"")]
    [TestCase("model: 3", "(2,8) MO1006 model: wants a path, not 3; put it in quotes if it is meant: \"3\"")]
    [TestCase("model: true", "(2,8) MO1006 model: wants a path, not true; put it in quotes if it is meant: \"true\"")]
    [TestCase("model: { a: b }", "(2,8) MO1006 model: wants a path, not a map")]
    [TestCase("embed: { class: 3D }", "(2,17) MO1015 embed.class: '3D' is not a C# identifier")]
    [TestCase("embed: { namespace: A..B }", "(2,21) MO1015 embed.namespace: 'A..B' is not a C# namespace")]
    // Names.
    [TestCase("embed: { as: resourse }", "(2,14) MO1015 embed.as: wants resource, content or none, not 'resourse'; did you mean 'resource'?")]
    [TestCase("embed: { as: 1 }", "(2,14) MO1006 embed.as: wants resource, content or none, not 1")]
    [TestCase("evaluate: { data: d, metrics: [top-1, snqr] }", "(2,39) MO1015 evaluate.metrics[1]: wants agreement, cosine-similarity, max-abs-error, perplexity, sqnr, top-1 or top-5, not 'snqr'; did you mean 'sqnr'?")]
    [TestCase("evaluate: { data: { a: b } }", "(2,19) MO1006 evaluate.data: wants a list; each item a path, not a map")]
    // Passes.
    [TestCase("passes: simplify", "(2,9) MO1006 passes: wants a list of passes, each on a line that starts with '- ', not simplify")]
    [TestCase("passes: [8]", "(2,10) MO1006 passes[0]: wants the name of a pass, or 'name: { options }', not 8")]
    [TestCase("passes: [[simplify]]", "(2,10) MO1006 passes[0]: wants the name of a pass, or 'name: { options }', not a list")]
    [TestCase("passes:\n  - quantize-weights:\n    bits: 4", "(3,5) MO1006 passes[0]: wants the name of a pass, or 'name: { options }', not a map of 2 keys; options go into a map below the name: 'quantize-weights: { bits: ... }'")]
    [TestCase("passes: [prune]", "(2,10) MO1008 passes[0]: there is no pass or preset 'prune'; there are simplify, quantize-weights, quantize-dynamic, convert-float16, fix-dimensions, upgrade-opset, cpu-int8, cpu-int8-static, float16, weights-int4, weights-int8")]
    [TestCase("passes:\n  - simplify: { level: 3 }", "(3,17) MO1004 passes[0].simplify.level: unknown key 'level'; simplify has no options")]
    [TestCase("passes:\n  - simplify: fast", "(3,15) MO1006 passes[0].simplify: wants no options, not fast")]
    [TestCase("passes:\n  - weights-int8: { bits: 4 }", "(3,19) MO1006 passes[0].weights-int8: the preset weights-int8 has no options; name its passes instead")]
    [TestCase("passes:\n  - quantize-weights: { grid: { steps: 0 } }", "(3,40) MO1007 passes[0].quantize-weights.grid.steps: wants a whole number of at least 1, not 0")]
    [TestCase("passes: [fix-dimensions: { batch: one }]", "(2,35) MO1006 passes[0].fix-dimensions.batch: wants a whole number of at least 1, not one")]
    [TestCase("passes: [fix-dimensions: { batch: 0 }]", "(2,35) MO1007 passes[0].fix-dimensions.batch: wants a whole number of at least 1, not 0")]
    [TestCase("passes: [fix-dimensions: [batch]]", "(2,26) MO1006 passes[0].fix-dimensions: wants a map such as { SYMBOL: 1 }, not a list")]
    // Booleans and numbers.
    [TestCase("passes: [quantize-weights: { accuracy: 0.5% }]", "(2,40) MO1006 passes[0].quantize-weights.accuracy: wants a map such as { metric: top-1, max-drop: 0.5% }, not 0.5%")]
    [TestCase("passes: [quantize-weights: { accuracy: { max-drop: 0.5% } }]", "(2,40) MO1014 passes[0].quantize-weights.accuracy: metric is missing: agreement, cosine-similarity, max-abs-error, perplexity, sqnr, top-1 or top-5")]
    [TestCase("passes: [quantize-weights: { accuracy: { metric: size, max: 1 } }]", "(2,50) MO1015 passes[0].quantize-weights.accuracy.metric: wants agreement, cosine-similarity, max-abs-error, perplexity, sqnr, top-1 or top-5, not 'size'")]
    [TestCase("passes: [quantize-weights: { accuracy: { metric: top-1 } }]", "(2,40) MO1014 passes[0].quantize-weights.accuracy: no bound is given; add min")]
    [TestCase("passes: [quantize-weights: { accuracy: { metric: sqnr, max-drop: 1% } }]", "(2,56) MO1004 passes[0].quantize-weights.accuracy.max-drop: unknown key 'max-drop'; there are metric, min, max, severity, samples")]
    [TestCase("passes: [quantize-weights: { accuracy: { metric: top-1, min: 97 } }]", "(2,62) MO1007 passes[0].quantize-weights.accuracy.min: wants a ratio from 0% to 100%, such as 25% or 0.25, not 97; did you mean 97%?")]
    [TestCase("passes: [quantize-weights: { per-channel: yes }]", "(2,43) MO1006 passes[0].quantize-weights.per-channel: wants true or false, not yes; YAML 1.2 writes true")]
    [TestCase("passes: [quantize-weights: { per-channel: Off }]", "(2,43) MO1006 passes[0].quantize-weights.per-channel: wants true or false, not Off; YAML 1.2 writes false")]
    [TestCase("passes: [quantize-weights: { per-channel: 1 }]", "(2,43) MO1006 passes[0].quantize-weights.per-channel: wants true or false, not 1")]
    [TestCase("passes: [quantize-weights: { per-channel: 'true' }]", "(2,43) MO1006 passes[0].quantize-weights.per-channel: wants true or false, not \"true\"")]
    [TestCase("passes: [quantize-weights: { bits: 4.5 }]", "(2,36) MO1006 passes[0].quantize-weights.bits: wants a whole number: 2, 4 or 8, not 4.5")]
    [TestCase("passes: [quantize-weights: { block-size: 512 }]", "(2,42) MO1007 passes[0].quantize-weights.block-size: wants a whole number from 16 to 256, not 512")]
    [TestCase("passes: [quantize-weights: { seed: 99999999999999999999 }]", "(2,36) MO1007 passes[0].quantize-weights.seed: wants a whole number, not 99999999999999999999")]
    [TestCase("passes: [quantize-weights: { alpha: .nan }]", "(2,37) MO1007 passes[0].quantize-weights.alpha: wants a number from -1 to 1, not .nan")]
    [TestCase("passes: [quantize-weights: { alpha: much }]", "(2,37) MO1006 passes[0].quantize-weights.alpha: wants a number from -1 to 1, not much")]
    [TestCase("passes: [upgrade-opset]", "(2,10) MO1014 passes[0]: version is missing: The version.")]
    [TestCase("passes: [upgrade-opset: {}]", "(2,25) MO1014 passes[0].upgrade-opset: version is missing: The version.")]
    [TestCase("passes: [upgrade-opset: fast]", "(2,25) MO1006 passes[0].upgrade-opset.version: wants a whole number from 1 to 99, not fast")]
    [TestCase("passes: [upgrade-opset: 100]", "(2,25) MO1007 passes[0].upgrade-opset.version: wants a whole number from 1 to 99, not 100")]
    // Units.
    [TestCase("passes: [quantize-weights: { memory: 150% }]", "(2,38) MO1007 passes[0].quantize-weights.memory: wants a ratio from 0% to 100%, such as 25% or 0.25, not 150%")]
    [TestCase("passes: [quantize-weights: { memory: half }]", "(2,38) MO1006 passes[0].quantize-weights.memory: wants a ratio from 0% to 100%, such as 25% or 0.25, not half")]
    [TestCase("passes: [quantize-weights: { memory: '0.5' }]", "(2,38) MO1006 passes[0].quantize-weights.memory: wants a ratio from 0% to 100%, such as 25% or 0.25, not \"0.5\"")]
    [TestCase("passes: [quantize-weights: { search: 5 }]", "(2,38) MO1006 passes[0].quantize-weights.search: wants a time of at most 1 min, such as 5 ms, not 5; add a unit: us, ms, s or min")]
    [TestCase("passes: [quantize-weights: { search: 5 hours }]", "(2,38) MO1016 passes[0].quantize-weights.search: 'hours' is no unit here; the units are us, ms, s or min")]
    [TestCase("passes: [quantize-weights: { search: 2 min }]", "(2,38) MO1007 passes[0].quantize-weights.search: wants a time of at most 1 min, such as 5 ms, not 2 min")]
    [TestCase("budget: { size: -5 }", "(2,17) MO1007 budget.size: wants a size of at least 0 B, such as 2 MiB or 500 kB, not -5")]
    [TestCase("budget: { size: 1.5 }", "(2,17) MO1006 budget.size: wants a size of at least 0 B, such as 2 MiB or 500 kB, not 1.5")]
    [TestCase("budget: { size: 50% }", "(2,17) MO1016 budget.size: '%' is no unit here; the units are B, kB, KB, MB, GB, KiB, MiB or GiB")]
    // Budgets.
    [TestCase("budget: { sise: 1 }", "(2,11) MO1004 budget.sise: unknown key 'sise'; did you mean 'size'?")]
    [TestCase("budget: { size: [1] }", "(2,17) MO1006 budget.size: wants a size of at least 0 B, such as 2 MiB or 500 kB, or a map of min, max, max-rise or severity, not a list")]
    [TestCase("budget: { size: { severity: warning } }", "(2,17) MO1014 budget.size: no bound is given; add max")]
    [TestCase("budget: { top-1: { min: 90%, max: 80% } }", "(2,18) MO1007 budget.top-1: min is above max, so that nothing could pass")]
    [TestCase("budget: { size: { max: 1, severity: info } }", "(2,37) MO1015 budget.size.severity: wants warning or error, not 'info'")]
    [TestCase("budget: { sqnr: { min: 20, max-drop: 1% } }", "(2,28) MO1004 budget.sqnr.max-drop: unknown key 'max-drop'; there are min, max, severity")]
    // YAML's own devices.
    [TestCase("evaluate: { data: d, labels: *x }", "(2,30) MO1003 evaluate.labels: *x is a YAML alias, but no &x comes before it; a text that starts with * needs quotes: \"*x\"")]
    [TestCase("passes: &p [*p]", "(2,13) MO1003 passes[0]: *p stands inside the very node that it names")]
    [TestCase("model: !!binary aGk=", "(2,8) MO1006 model: tags such as tag:yaml.org,2002:binary mean nothing in a profile; leave it out")]
    [TestCase("embed: { <<: resource }", "(2,14) MO1006 embed.<<: merges maps, not resource")]
    // Variables.
    [TestCase("model: ${msbuild:Naem}", "(2,8) MO1013 model: the project passes no value 'Naem'; did you mean 'Name'?")]
    [TestCase("model: ${env:HOME}", "(2,8) MO1013 model: only ${msbuild:Name} can be substituted, not ${env:HOME}; write '$${' for a literal '${'")]
    [TestCase("model: ${msbuild:Name", "(2,8) MO1013 model: '${' has no '}'; write '$${' for a literal '${'")]
    [TestCase("evaluate: { data: d, batch: \"${msbuild:Name}\" }", "(2,29) MO1006 evaluate.batch: wants a whole number of at least 1, not x")]
    public void A_mistake_is_told_at_its_place(string line, string mistake) =>
        Assert.That(ProfileFolder.Mistakes($"version: 1\n{line}\n", ("Name", "x")), Is.EqualTo(new[] { mistake }));

    [Test]
    public void An_alias_bomb_is_refused()
    {
        var levels = Enumerable.Range(1, 9).Select(i => $"  l{i}: &l{i} [{string.Join(", ", Enumerable.Repeat($"*l{i - 1}", 9))}]");
        var mistakes = ProfileFolder.Mistakes($"version: 1\nembed:\n  l0: &l0 [x, x, x, x, x, x, x, x, x]\n{string.Join('\n', levels)}\n");
        Assert.That(mistakes, Is.EqualTo(new[]
        {
            "(7,12) MO1011 embed.l4[0]: the profile is more than 10000 values once its aliases are replaced; no sensible profile is",
        }));
    }

    [Test]
    public void Nesting_without_end_is_refused()
    {
        var mistakes = ProfileFolder.Mistakes("version: 1\nmodel: " + new string('[', 100_000));
        Assert.That(mistakes, Has.Count.EqualTo(1));
        Assert.That(mistakes[0], Does.StartWith("(2,48) MO1011").And.EndWith("nested deeper than 40 levels; no sensible profile is"));
    }

    [Test]
    public void A_file_too_large_is_not_even_read() => Assert.That(
        ProfileFolder.Mistakes("version: 1\n#" + new string('x', 1 << 20)),
        Is.EqualTo(new[] { "p.yaml  MO1011 1048588 bytes are too many for a profile; the limit is 1 MiB. Is this the right file?" }));

    [Test]
    public void A_file_that_is_no_text_is_refused()
    {
        using var folder = new ProfileFolder();
        File.WriteAllBytes(folder["binary.yaml"], [0x61, 0x00, 0x62]);
        File.WriteAllBytes(folder["latin1.yaml"], [0x61, 0x3A, 0x20, 0xE4]);
        Assert.That(folder.Read("binary.yaml").Mistakes, Is.EqualTo(new[] { "binary.yaml : error MO1003: This is a binary file, not a profile" }));
        Assert.That(folder.Read("latin1.yaml").Mistakes, Is.EqualTo(new[] { "latin1.yaml : error MO1003: The file is not UTF-8 text; save it as UTF-8" }));
    }

    [Test]
    public void A_profile_that_is_not_there_is_said_to_be_missing()
    {
        using var folder = new ProfileFolder();
        var (profile, mistakes) = folder.Read("p.yaml");
        Assert.That(profile, Is.Null);
        Assert.That(mistakes, Is.EqualTo(new[] { "p.yaml : error MO1001: There is no profile p.yaml; 'dotnet model-opt init MODEL' writes one" }));
    }

    [Test]
    public void A_profile_with_a_mistake_is_no_profile()
    {
        using var folder = new ProfileFolder();
        folder.Write("p.yaml", "version: 1\nmodle: x\n");
        Assert.That(folder.Read("p.yaml").Profile, Is.Null);
    }
}
