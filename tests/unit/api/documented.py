"""Names of the fields as users of the Go operator know them, for each of our models."""

from __future__ import annotations

from vmoperator.api import auth, embedded, storage, vmalert, vmcluster
from vmoperator.api.model import SpecModel
from vmoperator.api.pod import PodFields
from vmoperator.api.status import Condition, Status
from vmoperator.api.vmbackup import Restore, RestoreOnStart, VMBackup

PODS = """
    affinity tolerations schedulerName runtimeClassName hostAliases host_aliases priorityClassName
    hostNetwork dnsPolicy dnsConfig enableServiceLinks nodeSelector securityContext
    topologySpreadConstraints imagePullSecrets readinessGates minReadySeconds replicaCount
    revisionHistoryLimitCount containers initContainers secrets configMaps volumes volumeMounts
    extraArgs extraEnvs extraEnvsFrom paused disableAutomountServiceAccountToken image resources
    useDefaultResources port useStrictSecurity disableSelfServiceScrape
    terminationGracePeriodSeconds preStopSleepSeconds livenessProbe readinessProbe startupProbe
"""
COMPONENT = f"""{PODS}
    componentVersion podMetadata logFormat logLevel serviceSpec serviceScrapeSpec
    podDisruptionBudget hpa networkPolicy
"""
STATEFUL = f"""{COMPONENT}
    vpa storage persistentVolumeClaimRetentionPolicy rollingUpdateStrategy
    rollingUpdateStrategyBehavior claimTemplates
"""
STATELESS = f"{COMPONENT} updateStrategy rollingUpdate"

RELOADED = """
    useVMConfigReloader configReloaderImageTag configReloaderImage configReloaderResources
    configReloaderExtraArgs configReloadAuthKeySecret
"""
OAUTH2 = """
    client_id client_secret client_secret_file token_url scopes endpoint_params proxy_url tls_config
"""
HTTP_AUTH = "basicAuth oauth2 tlsConfig bearerTokenFile bearerTokenSecret headers"

DOCUMENTED: dict[type[SpecModel], str] = {
    vmcluster.VMCluster: "apiVersion kind metadata spec status",
    vmcluster.VMClusterSpec: """
        retentionPeriod replicationFactor serviceAccountName clusterVersion imagePullSecrets
        license managedMetadata useLegacyNaming useStrictSecurity paused clusterDomainName
        downsampling discovery requestsLoadBalancer vmselect vminsert vmstorage
    """,
    vmcluster.VMSelect: f"""{STATEFUL}
        cacheMountPath clusterNativeListenPort discovery extraStorageNodes
    """,
    vmcluster.VMInsert: f"{STATELESS} vpa insertPorts clusterNativeListenPort discovery",
    vmcluster.VMStorage: f"""{STATEFUL}
        storageDataPath vmInsertPort vmSelectPort vmBackup retentionFilters
        maintenanceInsertNodeIDs maintenanceSelectNodeIDs
    """,
    vmcluster.LoadBalancer: "enabled disableInsertBalancing disableSelectBalancing spec",
    vmcluster.LoadBalancerSpec: f"{STATELESS} license",
    vmcluster.ExtraStorageNode: "addr",
    PodFields: PODS,
    VMBackup: """
        acceptEULA snapshotCreateURL snapshotDeleteURL concurrency destination
        destinationDisableSuffixAdd customS3Endpoint credentialsSecret disableHourly disableDaily
        disableWeekly disableMonthly image port logFormat logLevel resources extraArgs extraEnvs
        extraEnvsFrom volumeMounts restore
    """,
    Restore: "onStart",
    RestoreOnStart: "enabled",
    Status: "updateStatus reason observedGeneration conditions",
    Condition: "type status reason message lastTransitionTime lastUpdateTime observedGeneration",
    storage.StorageSpec: "emptyDir volumeClaimTemplate",
    storage.ClaimTemplate: "apiVersion kind metadata spec status",
    storage.ClaimSpec: "accessModes storageClassName resources",
    storage.ClaimResources: "requests limits",
    storage.ClaimRetentionPolicy: "whenDeleted whenScaled",
    storage.EmbeddedObjectMetadata: "name labels annotations",
    embedded.ManagedMetadata: "labels annotations",
    embedded.ServiceSpec: "useAsDefault metadata spec",
    embedded.DisruptionBudget: """
        minAvailable maxUnavailable selectorLabels unhealthyPodEvictionPolicy
    """,
    embedded.HorizontalScaling: "minReplicas maxReplicas metrics behaviour",
    embedded.VerticalScaling: "updatePolicy resourcePolicy recommenders",
    embedded.NetworkPolicy: "ingress egress",
    embedded.RollingBehavior: "maxUnavailable",
    embedded.RollingUpdate: "maxUnavailable maxSurge",
    embedded.License: "key keyRef forceOffline reloadInterval",
    embedded.SecretKeySelector: "name key optional",
    embedded.Image: "repository tag pullPolicy",
    embedded.Resources: "limits requests claims",
    embedded.InsertPorts: "graphitePort influxPort openTSDBPort openTSDBHTTPPort",
    embedded.Downsampling: "rules dedupInterval",
    embedded.DownsamplingRule: "filter periods",
    embedded.DownsamplingPeriod: "offset interval",
    embedded.RetentionFilter: "filter retention",
    embedded.Discovery: "enabled interval filter",
    vmalert.VMAlert: "apiVersion kind metadata spec status",
    vmalert.VMAlertSpec: f"""{PODS} {RELOADED}
        podMetadata managedMetadata logFormat logLevel evaluationInterval enforcedNamespaceLabel
        selectAllByDefault ruleSelector ruleNamespaceSelector notifier notifiers notifierConfigRef
        remoteWrite remoteRead rulePath datasource externalLabels serviceSpec serviceScrapeSpec
        updateStrategy rollingUpdate podDisruptionBudget vpa networkPolicy license
        serviceAccountName useLegacyNaming componentVersion replicas
    """,
    vmalert.Datasource: f"url {HTTP_AUTH}",
    vmalert.Notifier: f"url selector {HTTP_AUTH}",
    vmalert.RuleWrite: f"url concurrency flushInterval maxBatchSize maxQueueSize {HTTP_AUTH}",
    vmalert.StateRead: f"url lookback {HTTP_AUTH}",
    vmalert.DiscoverySelector: "namespaceSelector labelSelector",
    vmalert.NamespaceSelector: "any matchNames",
    auth.BasicAuth: "username password password_file",
    auth.TLSConfig: "caFile ca certFile cert keyFile keySecret serverName insecureSkipVerify",
    auth.SecretOrConfigMap: "secret configMap",
    auth.ConfigMapKeySelector: "name key optional",
    auth.OAuth2: OAUTH2,
    auth.OAuth2Flags: OAUTH2,
}
