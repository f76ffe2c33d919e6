using System.Reflection;

namespace ModelOptimizer.Diagnostics;

/// <summary>
/// Every diagnostic there is. MO1xxx profile, MO2xxx model, MO3xxx passes, MO4xxx calibration and quantization,
/// MO5xxx evaluation, MO6xxx budget, MO7xxx cache and files, MO8xxx build,
/// MO9xxx internal.
/// </summary>
public static class DiagnosticCatalog
{
    // Profile
    public static readonly DiagnosticDescriptor ProfileNotFound = Error("MO1001", "Profile not found");
    public static readonly DiagnosticDescriptor ProfileEmpty = Error("MO1002", "Profile is empty");
    public static readonly DiagnosticDescriptor ProfileNotYaml = Error("MO1003", "Profile is not valid YAML");
    public static readonly DiagnosticDescriptor UnknownKey = Error("MO1004", "Unknown key");
    public static readonly DiagnosticDescriptor DuplicateKey = Error("MO1005", "Key given twice");
    public static readonly DiagnosticDescriptor WrongType = Error("MO1006", "Value has the wrong type");
    public static readonly DiagnosticDescriptor OutOfRange = Error("MO1007", "Value is out of range");
    public static readonly DiagnosticDescriptor UnknownPass = Error("MO1008", "Unknown pass or preset");
    public static readonly DiagnosticDescriptor ExtendsCycle = Error("MO1009", "Profiles extend each other in a circle");
    public static readonly DiagnosticDescriptor ExtendsNotFound = Error("MO1010", "Extended profile not found");
    public static readonly DiagnosticDescriptor ProfileTooLarge = Error("MO1011", "Profile is too large");
    public static readonly DiagnosticDescriptor UnsupportedVersion = Error("MO1012", "Profile version not supported");
    public static readonly DiagnosticDescriptor UnknownVariable = Error("MO1013", "Unknown variable");
    public static readonly DiagnosticDescriptor MissingKey = Error("MO1014", "Required key is missing");
    public static readonly DiagnosticDescriptor InvalidChoice = Error("MO1015", "Value is not one of those allowed");
    public static readonly DiagnosticDescriptor UnknownUnit = Error("MO1016", "Unknown unit");

    // Model
    public static readonly DiagnosticDescriptor ModelNotFound = Error("MO2001", "Model not found");
    public static readonly DiagnosticDescriptor ModelEmpty = Error("MO2002", "Model file is empty");
    public static readonly DiagnosticDescriptor NotAModel = Error("MO2003", "File is not an ONNX model");
    public static readonly DiagnosticDescriptor ModelTruncated = Error("MO2004", "Model file is truncated");
    public static readonly DiagnosticDescriptor GitLfsPointer = Error("MO2005", "File is a git-lfs pointer");
    public static readonly DiagnosticDescriptor ModelTooLarge = Error("MO2006", "Message exceeds 2 GiB");
    public static readonly DiagnosticDescriptor CyclicGraph = Error("MO2007", "Graph has a cycle");
    public static readonly DiagnosticDescriptor DuplicateName = Error("MO2008", "Name is made twice");
    public static readonly DiagnosticDescriptor UndefinedName = Error("MO2009", "Name is read but never made");
    public static readonly DiagnosticDescriptor ExternalDataMissing = Error("MO2010", "External data is missing");
    public static readonly DiagnosticDescriptor ExternalDataTooShort = Error("MO2011", "External data is too short");
    public static readonly DiagnosticDescriptor ExternalDataOutside = Error("MO2012", "External data lies outside the model's folder");
    public static readonly DiagnosticDescriptor InvalidTensor = Error("MO2013", "Tensor is malformed");
    public static readonly DiagnosticDescriptor RuntimeRefusesModel = Error("MO2014", "ONNX Runtime can't load the model");
    public static readonly DiagnosticDescriptor UnknownOperator = Warning("MO2015", "Operator unknown to the runtime");
    public static readonly DiagnosticDescriptor OpsetTooNew = Warning("MO2016", "Opset is newer than known");
    public static readonly DiagnosticDescriptor OverridableInitializers = Warning("MO2017", "Initializers can be overridden by the caller");
    public static readonly DiagnosticDescriptor ShadowedConstants = Warning("MO2018", "Constants are defined twice");

    // Passes
    public static readonly DiagnosticDescriptor FixpointCap = Warning("MO3001", "Passes did not settle");
    public static readonly DiagnosticDescriptor RewriteLimit = Warning("MO3002", "Stopped at the rewrite limit");
    public static readonly DiagnosticDescriptor NothingToDo = Warning("MO3003", "A compressing pass found nothing to do");
    public static readonly DiagnosticDescriptor SelectionUnmatched = Warning("MO3004", "A selection meets nothing in the model");
    public static readonly DiagnosticDescriptor OpsetNotUpgraded = Error("MO3005", "The opset can't be upgraded");
    public static readonly DiagnosticDescriptor DimensionUnmatched = Error("MO3010", "A dimension can't be fixed");
    public static readonly DiagnosticDescriptor RuntimeBound = Info("MO3011", "The result is bound to a runtime");
    public static readonly DiagnosticDescriptor RuntimeOptimizationLeftOut = Warning("MO3012", "The runtime's own optimization was left out");
    public static readonly DiagnosticDescriptor FewRowsToRecover = Warning("MO3020", "Pruned layers were fitted by few rows");
    public static readonly DiagnosticDescriptor ZerosTakeTime = Info("MO3021", "Zeros make no model faster");
    public static readonly DiagnosticDescriptor PruningOptionsConflict = Error("MO3022", "Options of a pruning pass exclude each other");
    public static readonly DiagnosticDescriptor PruningTargetMissed = Error("MO3023", "A pruning target is out of reach");
    public static readonly DiagnosticDescriptor PrunedLess = Info("MO3024", "Less was pruned to keep an accuracy goal");
    public static readonly DiagnosticDescriptor OutputsTellNothing = Error("MO3025", "Outputs tell nothing to prune by");

    // Calibration and quantization
    public static readonly DiagnosticDescriptor NonFiniteWeights = Warning("MO4001", "Weights are not finite");
    public static readonly DiagnosticDescriptor SaturatingSums = Warning("MO4002", "Sums could overflow on CPUs without VNNI");
    public static readonly DiagnosticDescriptor CalibrationUnused = Warning("MO4003", "Calibration data is not used");
    public static readonly DiagnosticDescriptor Float16Overflow = Warning("MO4010", "Constants exceed the range of float16");
    public static readonly DiagnosticDescriptor Float16WithoutData = Info("MO4011", "Float16 was decided without data");
    public static readonly DiagnosticDescriptor Float16NeedsHardware = Warning("MO4012", "Computing in float16 saves size only on most CPUs");
    public static readonly DiagnosticDescriptor BFloat16NotComputed = Error("MO4013", "The runtime doesn't compute in bfloat16");
    public static readonly DiagnosticDescriptor Float16NotLoaded = Error("MO4014", "The runtime refuses the model in float16");
    public static readonly DiagnosticDescriptor Float16Lossy = Warning("MO4015", "Computing in float16 loses too much");
    public static readonly DiagnosticDescriptor NonFiniteValues = Warning("MO4020", "Values are not finite");
    public static readonly DiagnosticDescriptor OutlierSample = Info("MO4021", "Single samples stretch ranges");
    public static readonly DiagnosticDescriptor PartlyObserved = Info("MO4022", "Values could not be seen in full");
    public static readonly DiagnosticDescriptor CalibrationMemoryExceeded = Warning("MO4023", "A sample takes more memory than calibration may");
    public static readonly DiagnosticDescriptor RangesMissing = Error("MO4024", "A range is missing");
    public static readonly DiagnosticDescriptor RangesUnreadable = Error("MO4025", "Ranges file can't be read");
    public static readonly DiagnosticDescriptor RangesOfAnotherModel = Error("MO4026", "Ranges of another model");
    public static readonly DiagnosticDescriptor CalibrationDataNeeded = Error("MO4027", "Ranges can't replace the data");
    public static readonly DiagnosticDescriptor TooFewInputs = Warning("MO4033", "Calibration data shows too little of some layers");
    public static readonly DiagnosticDescriptor BitsInWiderStorage = Info("MO4034", "Bits gain only under compression");
    public static readonly DiagnosticDescriptor RestoredAtEveryRun = Info("MO4035", "Weights become floats again at every run");
    public static readonly DiagnosticDescriptor NoInputScaled = Info("MO4036", "No input of a layer gets a scale");
    public static readonly DiagnosticDescriptor NothingToRepair = Warning("MO4050", "A repair pass found nothing quantized");
    public static readonly DiagnosticDescriptor AccuracyGoalMissed = Error("MO4060", "Accuracy goal is out of reach");
    public static readonly DiagnosticDescriptor AccuracyGoalUnmeasured = Error("MO4061", "Accuracy goal can't be measured");
    public static readonly DiagnosticDescriptor MostlyReverted = Warning("MO4062", "Most of the model stays as it is");
    public static readonly DiagnosticDescriptor SizeBudgetMissed = Error("MO4065", "Size budget is out of reach");
    public static readonly DiagnosticDescriptor SizeBudgetConflict = Error("MO4066", "An option can't stand beside a size budget");
    public static readonly DiagnosticDescriptor SizeBudgetNotFinite = Warning("MO4067", "Outputs are not finite at the size budget");
    public static readonly DiagnosticDescriptor ResultIsSlower = Warning("MO4070", "The quantized model is slower than the original");
    public static readonly DiagnosticDescriptor OperatorIsSlower = Warning("MO4071", "The quantized form of an operator is slower");
    public static readonly DiagnosticDescriptor TimedOnGeneratedInputs = Info("MO4072", "Times were taken on made-up inputs");

    public static readonly DiagnosticDescriptor CalibrationMissing = Error("MO4030", "Calibration data is missing");
    public static readonly DiagnosticDescriptor ContribQuantization = Warning("MO4031", "Quantized with operators of ONNX Runtime only");
    public static readonly DiagnosticDescriptor OptionIdle = Warning("MO4032", "An option does nothing");
    public static readonly DiagnosticDescriptor SlowDynamicConvolutions = Warning("MO4040", "Convolutions are slower when quantized at run time");
    public static readonly DiagnosticDescriptor SlowActivations = Warning("MO4041", "Activations of this type are slow on CPUs");
    public static readonly DiagnosticDescriptor SlowerInIntegers = Info("MO4042", "Products stay float because 8 bits would be slower");
    public static readonly DiagnosticDescriptor SpeedUnjudged = Info("MO4043", "Nobody knows whether 8 bits are slower here");
    public static readonly DiagnosticDescriptor FormsCompared = Info("MO4044", "Forms of a quantized model were compared");

    // Evaluation
    public static readonly DiagnosticDescriptor AccuracyNotMeasured = Warning("MO5001", "Accuracy was not measured");
    public static readonly DiagnosticDescriptor DataNotFound = Error("MO5002", "Data not found");
    public static readonly DiagnosticDescriptor DataUnreadable = Error("MO5003", "Data can't be read");
    public static readonly DiagnosticDescriptor DataMismatch = Error("MO5004", "Data does not fit the model");
    public static readonly DiagnosticDescriptor LabelsMismatch = Error("MO5005", "Labels are missing or don't fit");
    public static readonly DiagnosticDescriptor OutputAmbiguous = Error("MO5006", "Which output to score is unclear");
    public static readonly DiagnosticDescriptor RunFailed = Error("MO5007", "The model fails on the data");
    public static readonly DiagnosticDescriptor NonFiniteOutputs = Warning("MO5008", "Outputs are not finite");
    public static readonly DiagnosticDescriptor SignaturesDiffer = Error("MO5009", "Models with different signatures can't be compared");
    public static readonly DiagnosticDescriptor NotCompared = Info("MO5010", "An output was not compared or scored");
    public static readonly DiagnosticDescriptor MetricNotMeasured = Warning("MO5011", "A metric asked for was not measured");
    public static readonly DiagnosticDescriptor NothingToCompare = Error("MO5020", "Models have no values in common");
    public static readonly DiagnosticDescriptor NotTraced = Info("MO5021", "Values along the graph are not shown");
    public static readonly DiagnosticDescriptor NoDataNamed = Error("MO5030", "No data is named");
    public static readonly DiagnosticDescriptor ImageUnreadable = Error("MO5031", "A picture can't be read");
    public static readonly DiagnosticDescriptor ImagesMismatch = Error("MO5032", "Pictures don't fit the model");
    public static readonly DiagnosticDescriptor TextMismatch = Error("MO5033", "Texts don't fit the model");
    public static readonly DiagnosticDescriptor TokenizerUnusable = Error("MO5034", "The tokenizer can't be used");

    // Budget
    public static readonly DiagnosticDescriptor SizeBudget = Error("MO6001", "Size budget broken");
    public static readonly DiagnosticDescriptor AccuracyBudget = Error("MO6002", "Accuracy budget broken");
    public static readonly DiagnosticDescriptor LatencyBudget = Warning("MO6003", "Latency budget broken");
    public static readonly DiagnosticDescriptor BudgetNotMeasured = Error("MO6004", "A budget's metric was not measured");
    public static readonly DiagnosticDescriptor RewriteChangesOutputs = Error("MO6005", "A rewrite changes outputs");

    // Cache and files
    public static readonly DiagnosticDescriptor CannotWrite = Error("MO7001", "Output can't be written");
    public static readonly DiagnosticDescriptor CannotRead = Error("MO7002", "File can't be read");
    public static readonly DiagnosticDescriptor ResourceTooLarge = Error("MO7003", "Too large to embed as a resource");
    public static readonly DiagnosticDescriptor ScratchNotWritten = Warning("MO7004", "Scratch files can't be written");
    public static readonly DiagnosticDescriptor CachePoisoned = Warning("MO7010", "A cached result is damaged");
    public static readonly DiagnosticDescriptor CacheUnusable = Warning("MO7011", "The cache can't be used");
    public static readonly DiagnosticDescriptor SharedCacheUnreachable = Warning("MO7012", "The shared cache fails");
    public static readonly DiagnosticDescriptor SharedResultDamaged = Warning("MO7013", "A result of the shared cache is damaged");
    public static readonly DiagnosticDescriptor SharedCacheRefuses = Warning("MO7014", "The shared cache takes no results");
    public static readonly DiagnosticDescriptor NotAReport = Error("MO7020", "File is not a report");
    public static readonly DiagnosticDescriptor LogNotWritten = Warning("MO7021", "A log can't be written");

    // Build
    public static readonly DiagnosticDescriptor OldSdk = Error("MO8001", "The .NET SDK is too old");
    public static readonly DiagnosticDescriptor UnsupportedPlatform = Error("MO8002", "The build machine is not supported");
    public static readonly DiagnosticDescriptor ModelWithoutProfile = Error("MO8003", "Model item has no profile");
    public static readonly DiagnosticDescriptor SameOutputTwice = Error("MO8004", "Two models have one output");
    public static readonly DiagnosticDescriptor InvalidMetadata = Error("MO8005", "Metadata of a model item is invalid");
    public static readonly DiagnosticDescriptor ProfileUnused = Warning("MO8006", "Profile is not used");
    public static readonly DiagnosticDescriptor NoAccessorYet = Warning("MO8007", "There is no accessor yet");
    public static readonly DiagnosticDescriptor NoBrotli = Error("MO8008", "The target framework has no Brotli");
    public static readonly DiagnosticDescriptor OriginalShippedToo = Warning("MO8009", "The original is shipped, too");
    public static readonly DiagnosticDescriptor NoServices = Warning("MO8010", "The runner can't be registered for dependency injection");
    public static readonly DiagnosticDescriptor RuntimeOpset = Warning("MO8011", "The referenced runtime is too old for the opset");
    public static readonly DiagnosticDescriptor RuntimeIrVersion = Warning("MO8012", "The referenced runtime is too old for the IR version");
    public static readonly DiagnosticDescriptor RuntimeOperator = Warning("MO8013", "The referenced runtime lacks an operator");
    public static readonly DiagnosticDescriptor RuntimeUnknown = Info("MO8014", "The referenced runtime is not known");
    public static readonly DiagnosticDescriptor NotBuilt = Error("MO8015", "The models were not built");
    public static readonly DiagnosticDescriptor OutOfDate = Error("MO8016", "The models are out of date");
    public static readonly DiagnosticDescriptor MetadataWins = Info("MO8017", "Metadata win over the profile");

    // Internal
    public static readonly DiagnosticDescriptor InternalError = Error("MO9001", "Internal error");

    /// <summary>All of them, by code.</summary>
    public static IReadOnlyDictionary<string, DiagnosticDescriptor> All { get; } = typeof(DiagnosticCatalog)
        .GetFields(BindingFlags.Public | BindingFlags.Static)
        .Select(field => field.GetValue(null)).OfType<DiagnosticDescriptor>()
        .ToDictionary(descriptor => descriptor.Code);

    private static DiagnosticDescriptor Error(string code, string title) => new(code, Severity.Error, title);

    private static DiagnosticDescriptor Info(string code, string title) => new(code, Severity.Info, title);

    private static DiagnosticDescriptor Warning(string code, string title) => new(code, Severity.Warning, title);
}
