using BenchmarkDotNet.Running;
using ModelOptimizer.Benchmarks;
using ModelOptimizer.Benchmarks.Quantization;
using ModelOptimizer.Benchmarks.Results;

// Not part of any test run: times depend on the machine.
//   generate PATH [--inline] [--opset N] [--gib N]   writes a model of 1 GB or N GiB of float32 weights; --float16 stores them in half
//   optimize PATH [BITS [ALGORITHM]]        optimizes it and tells time and memory
//   optimize PATH budget SIZE               the same within a size budget, without data
//   large [GIB [BITS [ALGORITHM [float16]]]] does both in a temporary folder (TMPDIR), by default with 8 GiB, 4 bits and round-to-nearest
//   large GIB budget SIZE [float16]         the same within a size budget, such as 1.5GiB
//   optimize PATH profile PROFILE           optimizes it as a profile says and tells time and memory
//   prune-large [inline]                    prunes and fits anew a generated Transformer of 100 million parameters, with external data or inline
//   build [ROUNDS]                          packs the package and tells what it adds to a build with nothing to do, for 1 and 50 models
//   scale [NODES]...                        simplifies generated models and tells time and memory, by default 12,500 to 100,000 nodes
//   results [MODEL]...                      runs the pipelines without loss over the real models; of all of them, writes results.md
//   quantization [MODEL | SETTING]...       runs the profiles of Quantization/settings.yaml over the real models; writes their rows of quantization.md
//   low-bits [MODEL | SETTING]...           the same with Quantization/low-bits.yaml, over the Transformers; writes low-bits.md
//   pruning [MODEL | SETTING]...            the same with Quantization/pruning.yaml, over the models that can be scored; writes pruning.md
//   kernels                                 measures the kernels by themselves
//   attention [packed | MODEL...]          times the forms of attention against the formula, or fused models against simplified ones
//   layers                                  times whole layers of BERT-base against what the pipelines make of them
//   calibration [MODEL CALIBRATOR N]       times calibration against inference and tells its memory; of one model, calibrates it on N samples
//   integers [PART OF A NAME]               times layers in 8 bits against floats, in chains: what is slower stays float (SlowerThanFloat)
//   fusions [PART OF A NAME]                times every folded form against the form before
//   runtimes                                tells what the referenced ONNX Runtime loads (-p:OnnxRuntimeVersion=1.30.0 references another), as rows of onnxruntime.txt
switch (args)
{
    case ["runtimes"]:
        RuntimeProbe.Print();
        return 0;
    case ["generate", var path, .. var options]:
        LargeModel.Write(path, inline: options.Contains("--inline"), LargeModel.Opset(options), LargeModel.Layers(options), options.Contains("--float16"));
        return 0;
    case ["optimize", var path, "budget", var size]:
        OptimizeRun.MeasureBudget(path, size);
        return 0;
    case ["optimize", var path, "profile", var profile]:
        return ProfileRun.Measure(path, profile);
    case ["optimize", var path, var bits, var algorithm]:
        OptimizeRun.Measure(path, int.Parse(bits, System.Globalization.CultureInfo.InvariantCulture), algorithm);
        return 0;
    case ["optimize", var path, .. var bits]:
        OptimizeRun.Measure(path, bits is [var number] ? int.Parse(number, System.Globalization.CultureInfo.InvariantCulture) : 4);
        return 0;
    case ["large", .. var how]:
        return LargeRun.Measure(how.Length > 0 ? long.Parse(how[0], System.Globalization.CultureInfo.InvariantCulture) : 8,
            how.Length > 2 ? how[1..3] : [how.ElementAtOrDefault(1) ?? "4", "round-to-nearest"], how.Contains("float16"));
    case ["prune-large", .. var options]:
        return PruneLargeRun.Measure(isInline: options.Contains("inline"));
    case ["build", .. var rounds]:
        return BuildRun.Measure(rounds is [var count] ? int.Parse(count, System.Globalization.CultureInfo.InvariantCulture) : 15);
    case ["scale", .. var sizes]:
        ScaleRun.Measure(sizes.Length == 0 ? [12_500, 25_000, 50_000, 100_000] : [.. sizes.Select(size => int.Parse(size, System.Globalization.CultureInfo.InvariantCulture))]);
        return 0;
    case ["results", .. var only]:
        return ResultsCommand.Run(only);
    case [var word, QuantizationRun.Word, var model, var setting, var protocol] when MeasuredTable.Find(word) is { } table:
        return QuantizationRun.Run(table, model, setting, protocol);
    case [var word, .. var only] when MeasuredTable.Find(word) is { } table:
        return new QuantizationCommand(table).Run(only);
    case ["kernels", .. var options]:
        BenchmarkRunner.Run<KernelBenchmarks>(args: options);
        return 0;
    case ["calibration"]:
        CalibrationBenchmark.Measure();
        return 0;
    case ["calibration", var model, var calibrator, var samples]:
        CalibrationBenchmark.RunOne(model, calibrator, int.Parse(samples, System.Globalization.CultureInfo.InvariantCulture));
        return 0;
    case ["integers", .. var filter]:
        IntegerLayers.Measure(filter is [var name] ? name : "");
        return 0;
    case ["fusions", .. var filter]:
        FusionBenchmark.Measure(filter is [var part] ? part : "");
        return 0;
    case ["attention"]:
        AttentionBenchmark.Measure();
        return 0;
    case ["attention", "packed"]:
        AttentionBenchmark.MeasurePacked();
        return 0;
    case ["layers"]:
        LayerBenchmark.Measure();
        return 0;
    case ["attention", .. var models]:
        foreach (var model in models)
            AttentionBenchmark.Measure(model);
        return 0;
    default:
        Console.Error.WriteLine("generate PATH [--inline] [--opset N] [--gib N] | optimize PATH [BITS [ALGORITHM]] | large [GIB [BITS [ALGORITHM]]] | large GIB budget SIZE | optimize PATH profile PROFILE | prune-large [inline] | scale [NODES]... | results [MODEL]... | quantization [MODEL | SETTING]... | low-bits [MODEL | SETTING]... | pruning [MODEL | SETTING]... | kernels | attention [packed | MODEL...] | layers | integers [PART OF A NAME] | fusions [PART OF A NAME] | calibration [MODEL CALIBRATOR N] | runtimes");
        return 2;
}
